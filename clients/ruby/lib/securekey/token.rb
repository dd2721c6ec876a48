# frozen_string_literal: true

module Securekey
  # The form of a token: `sk1.<kid>.<exp>.<base64url of the text>.<base64url of the mac>`.
  module Token
    LONGEST_TEXT_BYTES = 8_192
    LONGEST_CHARACTERS = 12_288
    FORM = /\A(sk1\.([0-9a-f]{8})\.([1-9][0-9]{0,10})\.([A-Za-z0-9_-]*))\.([A-Za-z0-9_-]{43})\z/n.freeze
    KID = /\A[0-9a-f]{8}\z/n.freeze
    PURPOSE = %r{\A[A-Za-z0-9._:/-]{1,100}\z}n.freeze

    # A token taken apart. `signed` is what the mac is made over.
    Parts = Struct.new(:signed, :kid, :expires_at, :text, :mac, keyword_init: true)

    module_function

    def make(material, purpose, expires_at, text)
      signed = "sk1.#{material.kid}.#{expires_at}.#{base64url(text)}"
      "#{signed}.#{base64url(mac(material, purpose, signed))}".freeze
    end

    # Whether this key made it for this purpose, compared in constant time.
    def made_by?(material, purpose, parts)
      OpenSSL.fixed_length_secure_compare(mac(material, purpose, parts.signed), parts.mac)
    end

    # Takes a token apart, or returns nil: what is no text, too long, or of another form.
    def parse(value)
      bytes = PlainText.bytes(value)
      return if bytes.nil? || bytes.bytesize > LONGEST_CHARACTERS

      signed, kid, exp, text, mac = FORM.match(bytes)&.captures
      return unless signed

      text = PlainText.utf8(bytes_of(text))
      mac = bytes_of(mac)
      return if text.nil? || mac.nil? || text.bytesize > LONGEST_TEXT_BYTES

      Parts.new(signed: signed, kid: kid, expires_at: Integer(exp, 10), text: text.freeze, mac: mac)
    end

    # The purpose as plain bytes, or nil if it has not the form of one.
    def purpose(value)
      bytes = PlainText.bytes(value)
      bytes if bytes&.match?(PURPOSE)
    end

    def mac(material, purpose, signed)
      OpenSSL::HMAC.digest('SHA256', material.derive("securekey/sk1/#{purpose}", 32), signed)
    end

    def base64url(bytes)
      [bytes].pack('m0').tr('+/', '-_').delete('=')
    end

    # The bytes, or nil unless this is exactly what they are written as: `m0` is strict.
    def bytes_of(text)
      text.tr('-_', '+/').ljust((text.length + 3) / 4 * 4, '=').unpack1('m0')
    rescue ArgumentError
      nil
    end
    private_class_method :mac, :base64url, :bytes_of
  end
  private_constant :Token
end
