# frozen_string_literal: true

module Securekey
  # Texts from outside, judged without calling anything of theirs: whatever is no String is none.
  module PlainText
    module_function

    # The bytes of a String as a plain binary String, or nil for anything else. In UTF-16 the same bytes are another text.
    def bytes(value)
      return unless String === value

      text = String.new(value)
      text.force_encoding(Encoding::BINARY) if text.encoding.ascii_compatible?
    end

    # A String as UTF-8, or nil if it is none or holds what is not Unicode. Bytes without an encoding are read as UTF-8.
    def utf8(value)
      return unless String === value

      text = String.new(value)
      text = text.encode(Encoding::UTF_8) unless [Encoding::BINARY, Encoding::US_ASCII].include?(text.encoding)
      text.force_encoding(Encoding::UTF_8)
      text if text.valid_encoding?
    rescue EncodingError
      nil
    end
  end
  private_constant :PlainText
end
