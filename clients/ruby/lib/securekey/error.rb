# frozen_string_literal: true

module Securekey
  # What a wrong variable, option or argument raises. It names the variable and the place in it, and never a text or a key.
  class Error < StandardError
    # `code` as in the table of the page of all client libraries; `variable` and `place` where there is one.
    attr_reader :code, :variable, :place

    def initialize(code, message, variable: nil, place: nil)
      super("#{message} (#{code})")
      @code = code.freeze
      @variable = variable
      @place = place
    end
  end
end
