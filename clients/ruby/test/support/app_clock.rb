# frozen_string_literal: true

# For the app of Rails: the clock of its ring, of its waits, and the end of each wait, in the hands of the test.
module RailsLive
  WAITS = Queue.new
  OVER = Queue.new

  class << self
    # A ring that asks where the options say, at a moment of theirs.
    def keyring(options)
      @now = options['now']
      @ticks = 0
      timer = lambda do |seconds|
        WAITS << seconds
        OVER.pop
      end
      refresh = { url: options['url'], token: 'sk_api_test', ticks: -> { @ticks }, timer: timer, random: -> { 0.5 } }
      Securekey.keyring(now: -> { @now }, started_at: @now - 3_600, refresh: refresh)
    end

    # It becomes so late, and the ring asks.
    def ask_at(now)
      WAITS.pop
      @now = now
      @ticks += 4_000
      OVER << true
      WAITS << WAITS.pop
    end

    def pass(seconds)
      @now += seconds
    end
  end
end
