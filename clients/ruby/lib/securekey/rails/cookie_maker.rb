# frozen_string_literal: true

require 'json'
require 'openssl'
require 'active_support/message_verifier'

module Securekey
  # Which key of the ring has made a cookie of Rails, and when the cookie ends. Rails itself tells neither.
  class CookieMaker
    # `text` is the key, `ends_at` a Time, or nil for a cookie that ends with the browser.
    Found = Struct.new(:text, :ends_at, keyword_init: true)

    def initialize(keys)
      @keys = keys
    end

    # Of a cookie of `cookies.signed` or `cookies.encrypted`; nil if no key of the ring made it, or it cannot be read.
    def find(jar, cookie)
      return unless cookie.is_a?(String)

      @keys.all.each do |text|
        message = jar == :signed ? signed(cookie, text) : encrypted(cookie, text)
        return Found.new(text: text, ends_at: end_of(message)) if message
      end
      nil
    end

    private

    def signed(cookie, text)
      verifier = ActiveSupport::MessageVerifier.new(@keys.signed_key(text), digest: @keys.digest)
      cookie.rpartition('--').first.unpack1('m') if verifier.valid_message?(cookie)
    end

    def encrypted(cookie, text)
      key, signing_key = @keys.encrypted_keys(text)
      return decrypted(cookie.split('--'), key) unless signing_key

      verifier = ActiveSupport::MessageVerifier.new(signing_key)
      decrypted(cookie.rpartition('--').first.unpack1('m').split('--'), key) if verifier.valid_message?(cookie)
    end

    # Data, initial vector and, for GCM, the tag: as Rails writes them.
    def decrypted(parts, key)
      data, vector, tag = parts.map { |part| part.unpack1('m') }
      cipher = OpenSSL::Cipher.new(@keys.cipher).decrypt
      return unless data && vector && (cipher.authenticated? ? tag&.bytesize == 16 : tag.nil?)

      cipher.key = key
      cipher.iv = vector
      if tag
        cipher.auth_tag = tag
        cipher.auth_data = ''
      end
      cipher.update(data) + cipher.final
    rescue OpenSSL::Cipher::CipherError, ArgumentError
      nil
    end

    # Rails puts the end beside the value, where there is one.
    def end_of(message)
      return unless message.start_with?('{"_rails":')

      text = JSON.parse(message.dup.force_encoding(Encoding::UTF_8)).dig('_rails', 'exp')
      Time.iso8601(text) if text
    rescue JSON::ParserError, ArgumentError
      nil
    end
  end
  private_constant :CookieMaker
end
