# frozen_string_literal: true

module Securekey
  # Lives as an app states them: whole seconds, a text such as `90s`, `30m`, `12h`, `7d`, or a duration of ActiveSupport.
  module Life
    UNITS = { 's' => 1, 'm' => 60, 'h' => 3_600, 'd' => 86_400 }.freeze
    TEXT = /\A([0-9]{1,6})([smhd])\z/n.freeze

    module_function

    # Whole seconds above 0, or nil for anything else.
    def seconds(value)
      seconds = String === value ? of_text(value) : of_number(value)
      seconds if seconds&.positive?
    end

    def of_text(text)
      count, unit = TEXT.match(PlainText.bytes(text))&.captures
      Integer(count, 10) * UNITS.fetch(unit) if count
    end

    # A month of ActiveSupport is a number of seconds as well; 1.5 seconds are not whole.
    def of_number(value)
      value = value.in_seconds if defined?(ActiveSupport::Duration) && ActiveSupport::Duration === value
      Whole.number(value)
    end
    private_class_method :of_text, :of_number
  end
  private_constant :Life
end
