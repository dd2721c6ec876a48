# frozen_string_literal: true

require_relative 'lib/securekey/version'

Gem::Specification.new do |spec|
  spec.name = 'securekey'
  spec.version = Securekey::VERSION
  spec.authors = ['securekey contributors']
  spec.summary = 'Signs and verifies with the rotating keys of the Heroku add-on SecureKey, so that a rotation logs nobody out.'
  spec.description = 'Reads SECURE_KEY and SECURE_KEYRING, and hands Rack and Rails the keys that they need.'
  spec.homepage = 'https://elements.heroku.com/addons/securekey'
  spec.license = 'MIT'
  spec.required_ruby_version = '>= 3.0'
  spec.files = Dir.chdir(__dir__) { Dir['lib/**/*.rb', 'exe/*', 'README.md', 'LICENSE'] }
  spec.bindir = 'exe'
  spec.executables = ['securekey']
  spec.require_paths = ['lib']
  spec.metadata = { 'rubygems_mfa_required' => 'true' }
end
