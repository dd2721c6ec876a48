# frozen_string_literal: true

module Securekey
  # A process that has just restarted signs with the second key, which processes that have not restarted yet know as well.
  class SettleTime
    DEFAULT_SECONDS = 600
    # A process that asks once an hour must know a key before another signs with it.
    LIVE_SECONDS = 4_200
    LONGEST_SECONDS = 21_600
    LATEST_ROTATION_MS = LONGEST_SECONDS * 1000
    CLOCKS_APART_MS = 5 * 60 * 1000

    def initialize(seconds, started_at_ms, announcement)
      # Turned off it never was, wherever the clock goes.
      @ends_at_ms = seconds.zero? ? -Float::INFINITY : started_at_ms + seconds * 1000
      @rotated_at_ms = announcement&.rotated_at_ms
      @second_ends_at_ms = announcement&.second&.until_ms
      @calm = announcement && !%w[revoke provision].include?(announcement.reason)
      freeze
    end

    # When it is over: so long after the start, and after the rotation.
    def ends_at_ms
      [@ends_at_ms, @rotated_at_ms + LATEST_ROTATION_MS].min
    end

    # Whether something that is to be good until then is signed with the second key now.
    def holds?(now_ms, good_until_ms)
      return false unless @calm && @second_ends_at_ms && now_ms < @ends_at_ms

      since_ms = now_ms - @rotated_at_ms
      since_ms < LATEST_ROTATION_MS && since_ms >= -CLOCKS_APART_MS && @second_ends_at_ms >= good_until_ms
    end
  end
  private_constant :SettleTime
end
