# frozen_string_literal: true

require 'uri'

module Securekey
  # What live pick-up was given, checked: where to ask, with which token, and what a check-in says. Raises `missing`,
  # `bad-url`, `bad-token` or `bad-option`, which name the variable or the option and never its text.
  class LiveOptions
    TOKEN = /\Ask_[A-Za-z0-9_-]{1,200}\z/n.freeze
    # What an app calls itself, and its process.
    LONGEST_NAME = 64
    NAME = /\A[\x20-\x7e]{1,#{LONGEST_NAME}}\z/n.freeze
    HOST = /(?:[A-Za-z0-9.-]{1,253}|\[[0-9A-Fa-f:.]{2,45}\])/.freeze
    URL = %r{\A(?:https://#{HOST}|http://(?:localhost|127\.0\.0\.1|\[::1\]))(?::\d{1,5})?(?:/[A-Za-z0-9._~-]{1,100})*/v1\z}.freeze
    # The last four stand in for the clock of waits, for waiting, for chance and for requests, in tests.
    NAMES = %i[url token app process telemetry ticks timer random fetch].freeze

    attr_reader :url, :app, :telemetry, :ticks, :timer, :random, :fetch

    # `refresh` as an app gives it; nil where there is to be no pick-up.
    def self.read(refresh, env, variable)
      return if refresh.nil? || refresh == false

      given = refresh == true ? {} : refresh
      given = given.to_hash.transform_keys { |name| name.to_s.to_sym } if given.respond_to?(:to_hash)
      refuse_option('refresh') unless given.is_a?(Hash) && (given.keys - NAMES).empty?
      new(given, env, variable)
    end

    # Whether the environment says that an app picks up keys.
    def self.in_environment?(env, variable)
      %w[URL TOKEN].any? { |name| !env["#{variable}_#{name}"].to_s.empty? }
    end

    def self.refuse_option(name)
      raise Error.new('bad-option', "#{name} is not of its form", place: name)
    end

    def initialize(given, env, variable)
      url, token = %w[url token].map { |name| given_or_set(name, given, env, variable) }
      @url = checked_url(*url)
      @token = checked_token(*token)
      @app = name_of(given, :app, env['HEROKU_APP_NAME'])
      # What is too long is cut when it is told.
      @process = name_of(given, :process, env['DYNO'].to_s[0, LONGEST_NAME])
      @made_in = ::Process.pid unless given[:process].nil?
      @telemetry = given[:telemetry] == true
      @ticks = given[:ticks] || -> { ::Process.clock_gettime(::Process::CLOCK_MONOTONIC) }
      @timer = given[:timer]
      @random = given[:random] || -> { Random.rand }
      @fetch = given[:fetch] || LiveHttp.new(@url)
      freeze
    end

    # What a check-in calls this process: several share a dyno, and the word of one must not be taken for another's. A name
    # that was given stays as it is where it was given.
    def process
      return @process if @process.nil? || @made_in == ::Process.pid

      id = "/#{::Process.pid}"
      "#{@process[0, LONGEST_NAME - id.length]}#{id}"
    end

    # In a closure, so that nothing that walks over fields can show it.
    def token
      @token.call
    end

    def inspect
      '#<Securekey::LiveOptions>'
    end

    private

    # The text, and how an error names its place.
    def given_or_set(name, given, env, variable)
      at = "#{variable}_#{name.upcase}"
      text, place = given[name.to_sym].nil? ? [env[at], { variable: at }] : [given[name.to_sym], { place: name }]
      refuse('missing', 'is not set', place) if text.nil? || text == ''
      [text, place]
    end

    def checked_url(text, place)
      text = PlainText.utf8(text).to_s.delete_suffix('/')
      uri = URI.parse(text) if text.match?(URL)
      uri && uri.port.between?(1, 65_535) ? uri.freeze : refuse('bad-url', 'is no https address that ends with /v1', place)
    rescue URI::Error
      refuse('bad-url', 'is no https address that ends with /v1', place)
    end

    def checked_token(text, place)
      bytes = PlainText.bytes(text)
      refuse('bad-token', 'is no token of the API', place) unless bytes&.match?(TOKEN)
      -> { bytes }
    end

    def name_of(given, option, of_environment)
      text = given[option].nil? ? of_environment : given[option]
      good = PlainText.bytes(text)&.match?(NAME)
      return PlainText.utf8(text).freeze if good

      given[option].nil? ? nil : LiveOptions.refuse_option(option.to_s)
    end

    def refuse(code, what, place)
      raise Error.new(code, "#{place.values.first} #{what}", **place)
    end
  end
  private_constant :LiveOptions
end
