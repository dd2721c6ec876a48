# frozen_string_literal: true

module Securekey
  # SECURE_KEYRING: what the keys are. One that is wrong is ignored, with one warning; it never stops an app.
  class Announcement
    LONGEST_CHARACTERS = 8_192
    MOST_KEYS = 8
    LONGEST_REASON = 40
    GOOD_FOR_SECONDS = (1..315_360_000).freeze

    attr_reader :keys, :reason, :rotated_at_ms, :next_rotation_at_ms, :good_for

    # Returns the announcement, or the code of the warning.
    def self.read(text, pair)
      return 'keyring-missing' if text.nil? || text.empty?

      body = PlainJson.object(text, LONGEST_CHARACTERS)
      return 'keyring-unreadable' unless body
      return 'keyring-other-form' unless Whole.number(body['v']) == 1

      announcement = new(body)
      return 'keyring-unreadable' unless announcement.well_formed?

      announcement.fits?(pair) ? announcement.freeze : 'keyring-other-keys'
    end

    def initialize(body)
      entries = body['keys']
      @entries = entries.map { |entry| AnnouncedKey.read(entry) } if list?(entries)
      @keys = Array(@entries).grep(AnnouncedKey).each(&:freeze).freeze
      @reason = cleaned(body['reason'])
      @rotated_at_ms = AnnouncedDate.read(body['rotated_at'])
      @next_rotation_at_ms = AnnouncedDate.read(body['next_rotation_at'])
      seconds = Whole.number(body['good_for'])
      @good_for = seconds if seconds && GOOD_FOR_SECONDS.cover?(seconds)
    end

    def well_formed?
      return false unless @entries&.all? && @reason && @rotated_at_ms && @next_rotation_at_ms

      uses = keys.map(&:use).tally
      keys.map(&:version).uniq.size == keys.size && uses['sign'] == 1 && uses.fetch('next', 0) < 2
    end

    # Whether it speaks of the keys of SECURE_KEY: the first signs, and each key that it brings is another.
    def fits?(pair)
      brought, named = keys.partition(&:material)
      others = named.reject { |key| key.use == 'sign' }
      signs = named.find { |key| key.use == 'sign' }
      signs&.kid == pair[0].kid && others.size < 2 && others.all? { |key| key.kid == pair[1].kid } &&
        brought.all? { |key| key.kid == key.material.kid } &&
        (pair + brought.map(&:material)).map(&:text).uniq.size == pair.size + brought.size
    end

    # What it says of the second key; nil if that is a filler.
    def second
      keys.find { |key| key.use == 'verify' && key.material.nil? }
    end

    def inspect
      "#<Securekey::Announcement #{keys.map { |key| "#{key.kid} #{key.use}" }.join(', ')}>"
    end

    private

    # Apps print it and write it into their logs.
    def cleaned(reason)
      reason[0, LONGEST_REASON].gsub(/[^\x20-\x7e]/, '?').freeze if reason.is_a?(String)
    end

    def list?(entries)
      entries.is_a?(Array) && entries.size.between?(1, MOST_KEYS)
    end
  end
  private_constant :Announcement
end
