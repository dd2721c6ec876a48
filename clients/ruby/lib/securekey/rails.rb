# frozen_string_literal: true

# `require 'securekey'` does this by itself where Rails is there already.
require 'rails'
require 'securekey'
require 'securekey/rails/key_texts'
require 'securekey/rails/cookie_keys'
require 'securekey/rails/cookie_maker'
require 'securekey/rails/whole_renewal'
require 'securekey/rails/secret_key_base'
require 'securekey/rails/self_check'
require 'securekey/rails/railtie'
