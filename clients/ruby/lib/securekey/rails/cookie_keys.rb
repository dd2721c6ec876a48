# frozen_string_literal: true

require 'active_support/key_generator'
require 'active_support/message_encryptor'

module Securekey
  # Takes the place of the key generator and of the rotations from which Rails builds the cookie jars of each request: they
  # follow the ring in a running process.
  class CookieKeys
    GENERATOR = 'action_dispatch.key_generator'
    ROTATIONS = 'action_dispatch.cookies_rotations'
    ITERATIONS = 1_000

    # `settings` is the environment that Rails gives to each request; `others` are texts that are accepted beside the ring.
    def initialize(texts, settings, others)
      @texts = texts
      @salts = %w[signed encrypted encrypted_signed authenticated_encrypted].to_h do |name|
        [name, settings["action_dispatch.#{name}_cookie_salt"]]
      end
      @digest = settings['action_dispatch.signed_cookie_digest'] || 'SHA1'
      @authenticated = settings['action_dispatch.use_authenticated_cookie_encryption']
      @cipher = @authenticated ? settings['action_dispatch.encrypted_cookie_cipher'] || 'aes-256-gcm' : 'aes-256-cbc'
      @app_rotations = settings[ROTATIONS]
      @others = -> { others }
      @generator = PerKey.made(texts.accepted + others) { |text| self.class.generator(text) }
    end

    # As Rails makes it of a `secret_key_base`.
    def self.generator(text)
      ActiveSupport::CachingKeyGenerator.new(ActiveSupport::KeyGenerator.new(text, iterations: ITERATIONS))
    end

    attr_reader :digest, :cipher

    # All texts of which a cookie may be, the one that signs first.
    def all
      @texts.accepted + @others.call
    end

    def older?(text)
      @texts.older?(text)
    end

    # For Rails: the key of this salt that signs now.
    def generate_key(*arguments)
      @generator.call(@texts.signing).generate_key(*arguments)
    end

    # For Rails: with which keys to read what the one that signs has not made. The one that signs is among them: it may be
    # another in the next moment.
    def signed
      all.map { |text| [signed_key(text), { digest: digest }] } + @app_rotations.signed
    end

    def encrypted
      all.map { |text| [*encrypted_keys(text), { cipher: cipher }] } + @app_rotations.encrypted
    end

    # What an app adds to its rotations later.
    def rotate(*arguments, **options)
      @app_rotations.rotate(*arguments, **options)
    end

    def signed_key(text)
      @generator.call(text).generate_key(@salts['signed'])
    end

    # One key that encrypts and authenticates, or one that encrypts and one that signs.
    def encrypted_keys(text)
      generator = @generator.call(text)
      length = ActiveSupport::MessageEncryptor.key_len(cipher)
      return [generator.generate_key(@salts['authenticated_encrypted'], length)] if @authenticated

      [generator.generate_key(@salts['encrypted'], length), generator.generate_key(@salts['encrypted_signed'])]
    end

    def inspect
      '#<Securekey::CookieKeys>'
    end
  end
  private_constant :CookieKeys
end
