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
      @bad = @signed.dup
      @refused = REASONS.to_h { |reason| [reason, 0] }
      @told = {}
      @on_stale = on_stale
      @told_at_ms = nil
    end

    # From now on it counts by these kids. What was counted by the others is forgotten.
    def follow(kids)
      locked do
        @signed, @verified, @bad = [@signed, @verified, @bad].map { |counts| kids.to_h { |kid| [kid, counts.fetch(kid, 0)] } }
        @told = @told.slice(*kids)
      end
    end

    def signed(kid)
      locked { add(@signed, kid) }
    end

    # `kid`: the accepted key that the token named, of whatever came of it.
    def judged(verdict, kid)
      locked do
        verdict.ok? ? add(@verified, kid) : @refused[verdict.reason] += 1
        add(@bad, kid) if verdict.reason == 'bad-mac'
      end
      verdict
    end

    # By kid: how many tokens were found `good`, and how many `bad` (of another mac), since the numbers that were told last.
    def verified_since
      locked do
        @verified.map do |kid, good|
          told = @told.fetch(kid, [0, 0])
          { kid: kid, good: good - told[0], bad: @bad[kid] - told[1] }
        end
      end
    end

    # These numbers have arrived.
    def told(counts)
      locked do
        counts.each do |count|
          before = @told.fetch(count[:kid], [0, 0])
          @told[count[:kid]] = [before[0] + count[:good], before[1] + count[:bad]] if @signed.key?(count[:kid])
        end
      end
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

    # A key that has just gone is counted no more.
    def add(counts, kid)
      counts[kid] += 1 if counts.key?(kid)
    end

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
