# frozen_string_literal: true

require 'securerandom'

module Securekey
  # What a process holds at one moment: the keys, what is said of them, and since when it has them. It never changes, so
  # that whoever has read it once judges, signs and lists by the same keys.
  class Held
    # Without word of the service: half of the shortest period, the one of plan `daily`.
    SHORTEST_PROMISE_SECONDS = 43_200

    REASON_OF_REVOKED = 'revoke'

    # Where all keys are revoked and their successors are not there yet: one key that nobody else has.
    def self.revoked(held, options, since_ms)
      stand_in = Material.of(SecureRandom.hex(32).upcase)
      new([stand_in], nil, options, since_ms: since_ms, guaranteed_life: held.guaranteed_life, reason: REASON_OF_REVOKED)
    end

    attr_reader :ring, :announcement, :guaranteed_life, :reason, :kids, :since_ms

    # `since_ms`: from when the settle time counts.
    def initialize(pair, announcement, options, since_ms: options.started_at_ms, guaranteed_life: nil, reason: announcement&.reason)
      @announcement = announcement
      @ring = Ring.new(pair, announcement)
      @settle_time = SettleTime.new(options.settle, since_ms, announcement)
      @guaranteed_life = guaranteed_life || [announcement&.good_for, options.max_life].compact.min || SHORTEST_PROMISE_SECONDS
      @reason = reason
      @kids = @ring.members.map { |member| member.material.kid }.freeze
      @since_ms = since_ms
      freeze
    end

    # The key that signs what is to be good until then: for the guaranteed life, if it is not said.
    def signing(now_ms, good_until_ms: now_ms + guaranteed_life * 1000)
      @settle_time.holds?(now_ms, good_until_ms) ? ring.second : ring.first
    end

    # When it will sign with the first key what it signs with the second now; nil if it does so already.
    def settles_until_ms(now_ms)
      @settle_time.ends_at_ms if @settle_time.holds?(now_ms, now_ms + guaranteed_life * 1000)
    end

    # The version of the first key; nil without a keyring.
    def version
      version_of(ring.first)
    end

    def version_of(material)
      ring.members.find { |member| member.material.equal?(material) }&.version
    end

    def accepted(now_ms)
      ring.accepted(now_ms)
    end

    # For frameworks that sign with the first of a list, what is to be good for so many seconds, and accept all of it.
    def list(now_ms, seconds)
      ring.list(signing(now_ms, good_until_ms: now_ms + seconds * 1000), now_ms)
    end

    # Whether this key goes before the one that signs now.
    def older?(material, now_ms)
      ring.older?(material, signing(now_ms))
    end

    # All keys, newest first, as they may be shown.
    def keys
      ring.members.map do |member|
        ends_at = AnnouncedDate.time(member.until_ms)
        Keyring::Key.new(kid: member.material.kid, use: member.use, version: member.version, until: ends_at).freeze
      end.freeze
    end

    # The kid of the first key, settle time or not.
    def first_kid
      ring.first.kid
    end

    def inspect
      "#<Securekey::Held #{ring.members.map { |member| "#{member.material.kid} #{member.use}" }.join(', ')}>"
    end
    alias to_s inspect
  end
  private_constant :Held
end
