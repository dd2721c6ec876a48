# frozen_string_literal: true

module Securekey
  # What `Securekey.keyring` was given, checked. Raises `bad-option`, which names the option.
  class Options
    # What counts for as long as a ring is there: no text of a key is in it, and none of the environment.
    Terms = Struct.new(:variable, :settle, :max_life, :started_at_ms, :clock, :on_warning, :on_changed, :on_stopped, keyword_init: true)
    private_constant :Terms

    VARIABLE = /\A[A-Za-z_][A-Za-z0-9_]{0,99}\z/.freeze

    attr_reader :variable, :settle, :max_life, :clock, :started_at_ms, :on_warning, :on_stale, :on_changed, :on_stopped, :refresh, :env

    def initialize(var:, value:, keyring_value:, env:, settle:, max_life:, now:, started_at:, refresh:, **callbacks)
      @variable = check('var', var) { |name| PlainText.utf8(name).freeze if PlainText.bytes(name)&.match?(VARIABLE) }
      @refresh = refresh
      @settle = check('settle', default_settle(settle)) { |seconds| settle_seconds(seconds) }
      @max_life = check('max_life', max_life) { |life| Life.seconds(life) } unless max_life.nil?
      @clock = Clock.new(callable('now', now) || -> { Time.now })
      @started_at_ms = check('started_at', started_at || Clock::STARTED_AT) { |moment| milliseconds(moment) }
      @on_warning, @on_stale, @on_changed, @on_stopped =
        %i[on_warning on_stale on_changed on_stopped].map { |name| callable(name.to_s, callbacks[name]) }
      @value = text('value', value)
      @keyring_value = text('keyring_value', keyring_value)
      @env = check('env', env) { |given| given if given.respond_to?(:to_hash) }
    end

    def terms
      Terms.new(**Terms.members.to_h { |name| [name, public_send(name)] }).freeze
    end

    # The text of SECURE_KEY, for the reader of pairs alone.
    def secure_key
      @value || @env[variable]
    end

    # The text of SECURE_KEYRING.
    def secure_keyring
      @value ? @keyring_value : @env["#{variable}RING"]
    end

    # A value without a keyring beside it was given on purpose: nothing is amiss.
    def without_keyring?
      !@value.nil? && @keyring_value.nil?
    end

    def inspect
      "#<Securekey::Options #{variable}>"
    end

    private

    def check(option, value)
      result = yield value
      result.nil? ? raise(Error.new('bad-option', "#{option} is not of its form", place: option)) : result
    end

    def default_settle(settle)
      return settle unless settle == :default

      refresh ? SettleTime::LIVE_SECONDS : SettleTime::DEFAULT_SECONDS
    end

    def settle_seconds(value)
      seconds = Whole.number(value)&.zero? ? 0 : Life.seconds(value)
      seconds if seconds&.<= SettleTime::LONGEST_SECONDS
    end

    def milliseconds(moment)
      Clock.milliseconds(moment)
    rescue Error
      nil
    end

    def callable(option, value)
      check(option, value) { |block| block if block.respond_to?(:call) } unless value.nil?
    end

    def text(option, value)
      check(option, value) { |given| given if given.is_a?(String) } unless value.nil?
    end
  end
  private_constant :Options
end
