# frozen_string_literal: true

module Securekey
  # Counts verdicts by the kids of a ring and by reason, and tells of a kid that the ring does not hold. Sees no token.
  class Tally
    BETWEEN_TELLINGS_MS = 30_000

    def initialize(kids, on_stale)
      @mutex = Mutex.new
      @kids = kids.to_h { |kid| [kid, 0] }
      @reasons = Hash.new(0)
      @on_stale = on_stale
      @told_at_ms = nil
    end

    def count(verdict)
      @mutex.synchronize { verdict.ok? ? @kids[verdict.kid] += 1 : @reasons[verdict.reason] += 1 }
      verdict
    end

    # At most once in 30 seconds; what the app raises there is its own affair.
    def tell_stale(kid, now_ms)
      return if @on_stale.nil? || @kids.key?(kid) || !turn?(now_ms)

      @on_stale.call(kid.dup.force_encoding(Encoding::UTF_8).freeze)
    rescue StandardError
      nil
    end

    def stats
      @mutex.synchronize { { kids: @kids.dup.freeze, reasons: @reasons.to_h.freeze }.freeze }
    end

    def inspect
      '#<Securekey::Tally>'
    end

    private

    # A clock that was put back does not silence it.
    def turn?(now_ms)
      @mutex.synchronize do
        return false if @told_at_ms && (now_ms - @told_at_ms).abs < BETWEEN_TELLINGS_MS

        @told_at_ms = now_ms
        true
      end
    end
  end
  private_constant :Tally
end
