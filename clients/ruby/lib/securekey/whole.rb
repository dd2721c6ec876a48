# frozen_string_literal: true

module Securekey
  # Whole numbers, as JSON and apps write them: 3.0 is 3.
  module Whole
    module_function

    # The Integer, or nil for whatever is no whole number.
    def number(value)
      case value
      when Integer then value
      when Float, Rational then value.to_i if value.finite? && value == value.floor
      end
    end
  end
  private_constant :Whole
end
