# frozen_string_literal: true

module Securekey
  # Session cookies as rack-session 2 encrypts them, with the keys that the ring has at that moment.
  class EncryptedSessions
    def initialize(ring, life, options, accept)
      @ring = ring
      @life = life
      @accept = accept
      settings = { purpose: options[:key], serialize_json: options[:serialize_json] }
      settings[:pad_size] = options[:pad_size] if options.key?(:pad_size)
      @encryptor = PerKey.made(ring.secrets + accept.call) { |text| ::Rack::Session::Encryptor.new(text, settings) }
    end

    def encode(session)
      @encryptor.call(@ring.cookie_secrets(@life).first).encrypt(session)
    end

    # The session, or nil for whatever no accepted key has made.
    def decode(cookie)
      return unless cookie.is_a?(String)

      (@ring.cookie_secrets(@life) + @accept.call).each do |text|
        return @encryptor.call(text).decrypt(cookie)
      rescue StandardError
        # Not this key's, or nobody's: what a visitor sends never raises.
        next
      end
      nil
    end
  end
  private_constant :EncryptedSessions
end
