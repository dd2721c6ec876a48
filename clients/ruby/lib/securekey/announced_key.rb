# frozen_string_literal: true

require 'time'

module Securekey
  # One entry of SECURE_KEYRING: what a key is for. `material` is there where SECURE_KEY does not hold the key.
  AnnouncedKey = Struct.new(:kid, :version, :use, :until_ms, :material, keyword_init: true) do
    # The entry, :skipped if its use is one that this reader does not know, or nil if it has not the form of an entry.
    def self.read(entry)
      return unless entry.is_a?(Hash) && entry['use'].is_a?(String)
      return :skipped unless %w[sign verify next].include?(entry['use'])

      key = new(kid: entry['kid'], version: Whole.number(entry['version']), use: entry['use'])
      key if key.send(:read_end, entry.fetch('until', false)) && key.send(:read_key, entry) && key.send(:fits_form?)
    end

    private

    # A key of no end says so.
    def read_end(text)
      return text.nil? unless use == 'verify'

      self.until_ms = AnnouncedDate.read(text)
    end

    # A key that is there has the form of one; `next` always has it.
    def read_key(entry)
      return use != 'next' unless entry.key?('key')

      self.material = Material.of(entry['key'])
    end

    def fits_form?
      kid.is_a?(String) && kid.match?(/\A[0-9a-f]{8}\z/) && version&.between?(1, 2**31 - 1)
    end
  end
  private_constant :AnnouncedKey

  # The dates of SECURE_KEYRING: exactly `2026-03-31T12:00:00.000Z`, a moment that exists, of the years 2000 to 2200.
  module AnnouncedDate
    FORM = /\A\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\.\d{3}Z\z/.freeze

    module_function

    # Unix milliseconds, or nil.
    def read(text)
      return unless text.is_a?(String) && text.match?(FORM)

      time = Time.iso8601(text)
      # A day that does not exist is read as the one that follows.
      (time.to_r * 1000).to_i if time.iso8601(3) == text && time.year.between?(2000, 2200)
    rescue ArgumentError
      nil
    end

    def time(milliseconds)
      Time.at(Rational(milliseconds, 1000)).utc.freeze if milliseconds
    end
  end
  private_constant :AnnouncedDate
end
