# frozen_string_literal: true

require 'support/fake_service'
require 'timeout'

# Rings that ask a service of the test. Their waits end when the test says so.
module LiveRings
  NOW = Published.rotated_at(2) + 3 * Published::DAY
  TOKEN = "sk_api_#{'k' * 40}"
  LIMIT_SECONDS = 20

  # The clock of the waits, in the hands of the test.
  class Hand
    attr_reader :ticks

    def initialize
      @ticks = 5_000.0
      @waits = Queue.new
      @over = Queue.new
    end

    # For the ring: waits until the test says that the wait is over.
    def call(seconds)
      @waits << seconds
      @over.pop
    end

    # The seconds for which it will wait, once it has asked.
    def waits
      Timeout.timeout(LIMIT_SECONDS) { @waits.pop }
    end

    # So many seconds pass, and it looks up. Returns the seconds of its next wait.
    def pass(seconds)
      @ticks += seconds
      @over << true
      waits
    end
  end

  def setup
    @services = []
    @rings = []
    @hand = Hand.new
    @now = NOW
    @told = []
  end

  def teardown
    @rings.each(&:close)
    @services.each(&:close)
  end

  def service(answers = nil, &block)
    FakeService.new(answers, &block).tap { |service| @services << service }
  end

  def live(service, vars: Published.vars(2), refresh: {}, hand: @hand, chance: 0.5, started_at: NOW - 86_400, **options)
    given = { url: service.respond_to?(:url) ? service.url : service, token: TOKEN, random: -> { chance } }
    given.merge!(ticks: -> { hand.ticks }, timer: hand) if hand
    tell = ->(name) { ->(*said) { @told << [name, *said] } }
    ring = Securekey.keyring(env: vars, now: -> { @now }, started_at: started_at, refresh: given.merge(refresh),
                             on_warning: tell.call(:warning), on_changed: tell.call(:changed),
                             on_stopped: tell.call(:stopped), **options)
    ring.tap { @rings << ring }
  end

  def refresh_of(ring)
    ring.stats[:refresh]
  end

  def accepted(ring)
    ring.secrets.map { |text| Digest::SHA256.hexdigest(text)[0, 8] }
  end

  def numbers(*numbers)
    numbers.map { |number| Published.kid(number) }
  end
end
