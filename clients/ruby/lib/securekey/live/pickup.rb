# frozen_string_literal: true

module Securekey
  # Takes new keys from the service while the process runs: what an answer changes, when to ask next, and what is told.
  # Only its thread calls `turn`; whoever reads `held` waits for nobody.
  class LivePickup
    BETWEEN_EARLY_SECONDS = 30
    # If something breaks that cannot: without a wait, each use of the ring would ask.
    AFTER_A_FAULT_SECONDS = 300

    # Without a reference to the ring, which would keep it for ever.
    def self.closer(pickup)
      ->(_) { pickup.close }
    end

    # `terms`: those of the ring, as its options gave them.
    def initialize(held, live, terms, tally)
      @held = @judged_by = held
      @live = live
      @terms = terms
      @tally = tally
      @service = LiveService.new(live)
      @report = LiveReport.new
      @due = live.ticks.call
      @left_alone_until = @due
      @thread = LiveThread.new(self, live.timer)
    end

    # What the ring holds: one reference that is replaced as a whole.
    def held
      @thread.start
      @held
    end

    def start
      @thread.start
    end

    # Waits until the first request is over and what came of it is told, ten seconds at most.
    def ready
      @thread.start
      @thread.await(LiveHttp::TOTAL_SECONDS) { @asked || @closed }
    end

    def close
      @closed = true
      @thread.stop
    end

    # Whether nothing is asked any more.
    def over?
      @closed || !@report.stopped.nil?
    end

    def seconds_to_wait
      @due - @live.ticks.call
    end

    # A key was met that the ring does not hold. Asks at once, but not so often that strangers make it ask all the time.
    def early
      now = @live.ticks.call
      return if over? || @asking || now < @left_alone_until
      return if @early_at && now - @early_at < BETWEEN_EARLY_SECONDS

      @early_at = @due = now
      @thread.wake
    end

    # A child process waits for the rest of the same time, but not all children to the same moment. What was counted before
    # is its parent's to tell.
    def forked
      @asking = false
      @tally.told(@tally.verified_since)
      now = @live.ticks.call
      @due = now + (@due - now) * (0.9 + 0.2 * @live.random.call) if @due > now
    end

    # Asks once, takes what is right, and says with which key this process signs.
    def turn
      @asking = true
      answer = @service.keys(tag: @tag, held: @judged_by, revoked: @report.revoked?)
      send("on_#{answer.kind}", answer)
      @asked = true
      @thread.tell
      check_in if %i[taken unchanged].include?(answer.kind)
    rescue StandardError
      @due = @live.ticks.call + AFTER_A_FAULT_SECONDS
    ensure
      @asking = false
    end

    def stats
      @report.to_h
    end

    def inspect
      "#<Securekey::LivePickup #{@report.to_h[:state]}>"
    end
    alias to_s inspect

    private

    def on_taken(answer)
      @report.count(:taken)
      before = @held
      # The settle time counts from when this process first held the key that signs.
      since = answer.pair.first.kid == before.first_kid ? before.since_ms : now_ms
      @tag = answer.tag
      replace(Held.new(answer.pair, answer.announcement, @terms, since_ms: since))
      @judged_by = @held
      succeeded(answer)
      changed unless before.keys == @held.keys
    end

    def on_unchanged(answer)
      @report.count(:unchanged)
      succeeded(answer)
    end

    # Nothing that was held is accepted any more, and frameworks go on with a key that nobody has.
    def on_revoked(answer)
      begins = !@report.revoked?
      if begins
        @tag = nil
        replace(Held.revoked(@held, @terms, now_ms))
      end
      @report.succeeded(revoked: true)
      @left_alone_until = @due = @live.ticks.call + LiveSchedule.while_revoked(answer.field('retry-after'), now_s, @live.random)
      return unless begins

      warn_of('refresh-revoked')
      changed
    end

    def on_end(answer)
      @report.ended(answer.word)
      warn_of('refresh-stopped', answer.word)
      Callback.tell(@terms.on_stopped, answer.word)
    end

    def on_failure(answer)
      worth_a_word = @report.failed(answer.word)
      now = @live.ticks.call
      @left_alone_until = now + LiveSchedule.left_alone(answer.field('retry-after'), now_s, @live.random)
      @due = [now + LiveSchedule.after_failure(@report.in_a_row, @live.random), @left_alone_until].max
      warn_of('refresh-failing', answer.word) if worth_a_word
    end

    def now_ms
      @terms.clock.judging_ms
    end

    def now_s
      now_ms / 1000.0
    end

    def replace(held)
      @tally.follow(held.kids)
      @held = held
    end

    def succeeded(answer)
      @report.succeeded
      now = now_ms
      rotation_at = @held.announcement&.next_rotation_at_ms
      settles_until = @held.settles_until_ms(now)
      seconds = LiveSchedule.after_success(answer.field('refresh-after'), rotation_at && (rotation_at - now) / 1000.0,
                                           settles_until && (settles_until - now) / 1000.0, @live.random)
      @left_alone_until = now_ticks = @live.ticks.call
      @due = now_ticks + seconds
    end

    def changed
      Callback.tell(@terms.on_changed, @held.signing(now_ms).kid, @held.reason)
    end

    def check_in
      signing = @held.signing(now_ms)
      counts = @tally.verified_since
      noted = @service.check_in(signing.kid, @held.version_of(signing), counts)
      @report.count(noted ? :check_ins : :check_ins_failed)
      @tally.told(counts) if noted
    end

    def warn_of(code, word = nil)
      LiveWarning.tell(code, word, @terms)
    end
  end
  private_constant :LivePickup
end
