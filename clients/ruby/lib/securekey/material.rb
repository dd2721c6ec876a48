# frozen_string_literal: true

require 'digest'
require 'openssl'

module Securekey
  # One key. Its text stands in closures alone, so nothing that walks over the fields of an object can show it.
  class Material
    FORM = /\A[0-9A-F]{64}\z/n.freeze

    # The first 8 hex digits of the SHA-256 of the key's text: safe to show and to log.
    attr_reader :kid

    # The key of this text, or nil if the text has not the form of a key.
    def self.of(text)
      bytes = PlainText.bytes(text)
      new(bytes.force_encoding(Encoding::UTF_8)) if bytes&.match?(FORM)
    end

    def initialize(text)
      text = text.dup.freeze
      raw = [text].pack('H*').freeze
      @kid = Digest::SHA256.hexdigest(text)[0, 8].freeze
      @text = -> { text }
      @raw = -> { raw }
      freeze
    end

    # The 64 digits, as frameworks take them.
    def text
      @text.call
    end

    # HKDF-SHA256 (RFC 5869) of the key's 32 bytes, without salt.
    def derive(info, length)
      OpenSSL::KDF.hkdf(@raw.call, salt: '', info: info, length: length, hash: 'SHA256')
    end

    def ==(other)
      other.is_a?(Material) && other.text == text
    end

    def inspect
      "#<Securekey::Material #{kid}>"
    end
    alias to_s inspect
  end
  private_constant :Material
end
