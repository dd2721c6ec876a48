# frozen_string_literal: true

require 'openssl'

module Securekey
  # Session cookies as Rack 2 signs them, with the keys that the ring has at that moment.
  class SignedSessions
    # `hmac` is the digest, as Rack takes it: SHA1 unless it is said. `coder` is the coder of Rack below the signature.
    def initialize(ring, life, options, accept)
      @ring = ring
      @life = life
      @accept = accept
      @digest = options.fetch(:hmac, OpenSSL::Digest::SHA1)
      @coder = options[:coder] || ::Rack::Session::Cookie::Base64::Marshal.new
    end

    def encode(session)
      data = @coder.encode(session)
      "#{data}--#{mac(data, @ring.cookie_secrets(@life).first)}"
    end

    # The session, or nil for whatever no accepted key has made.
    def decode(cookie)
      return unless cookie.is_a?(String)

      data, _, digest = cookie.rpartition('--')
      texts = @ring.cookie_secrets(@life) + @accept.call
      return unless texts.any? { |text| ::Rack::Utils.secure_compare(digest, mac(data, text)) }

      @coder.decode(data)
    end

    private

    def mac(data, text)
      OpenSSL::HMAC.hexdigest(@digest.new, text, data)
    end
  end
  private_constant :SignedSessions
end
