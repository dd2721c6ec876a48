# frozen_string_literal: true

require 'json'

module Securekey
  # JSON from outside, as all libraries read it.
  module PlainJson
    # A text of JSON, and what JSON has outside its texts. Some readers take other escapes, and comments, as well.
    TEXT = %r{"(?:[^"\\]|\\(?:["\\/bfnrt]|u\h{4}))*+"}.freeze
    OUTSIDE_TEXTS = /\A[\s\d\[\]{},:+\-.eEtrufalsn]*\z/.freeze

    module_function

    # The object that a text is; nil for whatever is none, and for a text of more characters.
    def object(text, longest)
      text = PlainText.utf8(text)
      return if text.nil? || text.length > longest
      return unless text.gsub(TEXT, '').match?(OUTSIDE_TEXTS)

      body = JSON.parse(text)
      body if body.is_a?(Hash)
    rescue JSON::ParserError, EncodingError, RangeError
      nil
    end
  end
  private_constant :PlainJson
end
