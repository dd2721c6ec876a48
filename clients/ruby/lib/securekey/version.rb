# frozen_string_literal: true

module Securekey
  VERSION = '0.1.0'
end
