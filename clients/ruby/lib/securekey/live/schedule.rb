# frozen_string_literal: true

require 'time'

module Securekey
  # When to ask next, in seconds from now. Holds no clock: `chance` is a number from 0 to below 1, a new one at each call.
  module LiveSchedule
    REFRESH_SECONDS = (60..3_600).freeze
    LONGEST_BACKOFF_SECONDS = 300
    # More doublings are far beyond that.
    MOST_DOUBLINGS = 16
    REVOKED_SECONDS = (1..60).freeze
    REVOKED_DEFAULT_SECONDS = 10
    # So long after the stated date a rotation is looked for closely.
    CLOSELY_SECONDS = 600
    WHOLE = /\A[0-9]{1,9}\z/.freeze
    DATE = /\A[A-Z][a-z]{2}, \d\d [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d GMT\z/.freeze

    module_function

    # After an answer that was no failure. `rotation_in`: seconds to the stated next rotation, below 0 if it was; `settles_in`:
    # seconds to the end of the settle time. Both nil where there is none.
    def after_success(refresh_after, rotation_in, settles_in, chance)
      usual = whole(refresh_after)&.clamp(REFRESH_SECONDS) || REFRESH_SECONDS.max
      # A clock that goes wrong must not make it ask all the time.
      [[usual * (0.9 + 0.2 * chance.call), close_to(rotation_in, chance), settles_in&.+(1)].compact.min, 1].max
    end

    # After the `count`th failure in a row.
    def after_failure(count, chance)
      longest = [2**count.clamp(1, MOST_DOUBLINGS), LONGEST_BACKOFF_SECONDS].min
      [1, chance.call * longest].max
    end

    # The seconds for which a failure asks to be left alone, with a tenth of jitter; 0 if it does not. `now`: Unix seconds.
    def left_alone(retry_after, now, chance)
      (told(retry_after, now) || 0).clamp(0, REFRESH_SECONDS.max) * (1 + 0.1 * chance.call)
    end

    def while_revoked(retry_after, now, chance)
      (told(retry_after, now) || REVOKED_DEFAULT_SECONDS).clamp(REVOKED_SECONDS) * (1 + 0.1 * chance.call)
    end

    def told(retry_after, now)
      whole(retry_after) || seconds_to(retry_after, now)
    end

    def close_to(rotation_in, chance)
      return if rotation_in.nil? || rotation_in <= -CLOSELY_SECONDS

      rotation_in.positive? ? rotation_in + 60 * chance.call : 30 + 30 * chance.call
    end

    def whole(text)
      Integer(text, 10) if text&.match?(WHOLE)
    end

    def seconds_to(date, now)
      Time.httpdate(date).to_i - now if date&.match?(DATE)
    rescue ArgumentError
      nil
    end
    private_class_method :told, :close_to, :whole, :seconds_to
  end
  private_constant :LiveSchedule
end
