# frozen_string_literal: true

# For an app in a process of its own: the clock of its ring, of its waits, and the end of each wait, in the hands of the
# test.
module AppClock
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
      refresh = { url: options['url'], token: options.fetch('token', 'sk_api_test'), ticks: -> { @ticks }, timer: timer,
                  random: -> { 0.5 } }
      @ring = Securekey.keyring(now: -> { @now }, started_at: @now - 3_600, refresh: refresh,
                                 on_warning: ->(*) {})
    end

    # It becomes so late, and the ring asks.
    def ask_at(now)
      settle
      @now = now
      @ticks += 4_000
      WAITS.clear
      OVER << true
      settle
    end

    def pass(seconds)
      @now += seconds
    end

    # The ring has asked, and waits or has ended.
    def settle
      Thread.pass while WAITS.empty? && @ring.stats[:refresh][:stopped].nil?
    end
  end
end
