# frozen_string_literal: true

module Securekey
  # Moments as an app gives them (a Time, or Unix seconds) in whole Unix milliseconds, in which everything here is counted.
  class Clock
    # When this process loaded the library. Workers that it forks later count from the same moment.
    STARTED_AT = Time.now.freeze
    # The last second that a token can name.
    LAST_MS = (10**11 - 1) * 1000

    def self.milliseconds(moment)
      seconds = moment.is_a?(Time) ? moment.to_r : moment
      raise Error.new('bad-option', 'a moment is a Time or Unix seconds') unless real?(seconds)

      (seconds * 1000).floor
    end

    def self.real?(seconds)
      [Integer, Rational, Float].any? { |kind| seconds.is_a?(kind) } && seconds.finite?
    end
    private_class_method :real?

    def initialize(now)
      @now = now
    end

    def now_ms
      now = Clock.milliseconds(@now.call)
      now.between?(0, LAST_MS) ? now : raise(Error.new('bad-option', 'now is no time of these centuries', place: 'now'))
    end

    # The same for `verify`, which never raises: without a time every token has ended.
    def judging_ms
      now_ms
    rescue StandardError
      LAST_MS
    end
  end
  private_constant :Clock
end
