# frozen_string_literal: true

module Securekey
  # Counts what was signed and judged, by the kids of a ring and by reason, and tells of a kid that the ring does not hold.
  # It sees no token.
  class Tally
    BETWEEN_TELLINGS_MS = 30_000

    REASONS = %w[bad-purpose malformed unknown-key bad-mac expired].freeze

    def initialize(kids, on_stale)
      @mutex = Mutex.new
      @signed = kids.to_h { |kid| [kid, 0] }
      @verified = @signed.dup
      @refused = REASONS.to_h { |reason| [reason, 0] }
      @on_stale = on_stale
      @told_at_ms = nil
    end

    def signed(kid)
      locked { @signed[kid] += 1 }
    end

    def judged(verdict)
      locked { verdict.ok? ? @verified[verdict.kid] += 1 : @refused[verdict.reason] += 1 }
      verdict
    end

    # At most once in 30 seconds; what the app raises there is its own affair.
    def tell_stale(kid, now_ms)
      return if @on_stale.nil? || @signed.key?(kid) || !turn?(now_ms)

      @on_stale.call(kid.dup.force_encoding(Encoding::UTF_8).freeze)
    rescue StandardError
      nil
    end

    def stats
      locked { { signed: @signed.dup, verified: @verified.dup, refused: @refused.dup } }
    end

    def inspect
      '#<Securekey::Tally>'
    end

    private

    # The handler of a signal may lock nothing: it counts without, and at worst a count is lost.
    def locked(&block)
      @mutex.synchronize(&block)
    rescue ThreadError
      yield
    end

    # A clock that was put back does not silence it.
    def turn?(now_ms)
      locked do
        return false if @told_at_ms && (now_ms - @told_at_ms).abs < BETWEEN_TELLINGS_MS

        @told_at_ms = now_ms
        true
      end
    end
  end
  private_constant :Tally
end
