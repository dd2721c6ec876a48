# frozen_string_literal: true

# A small app of Rails: reads requests as lines of JSON, and writes what it answers. What it is configured with stands in
# APP_OPTIONS, as JSON.
require 'json'
require 'logger'
require 'rails'
require 'action_controller/railtie'
require 'securekey'
require 'rack/mock'
require_relative 'app_clock'

$stdout.sync = true
# How many seconds this process is ahead, in parts.
LATER = []
LOG = StringIO.new
OPTIONS = JSON.parse(ENV.fetch('APP_OPTIONS', '{}'))

class ExampleApp < Rails::Application
  config.load_defaults(Rails.version.to_f) unless OPTIONS['defaults'] == 'none'
  config.eager_load = false
  config.hosts.clear
  config.logger = Logger.new(OPTIONS['log'] ? LOG : nil)
  config.secret_key_base = 's' * 64 unless OPTIONS['base'] == 'none'
  config.session_store :cookie_store, key: '_app', **OPTIONS.fetch('session', {}).symbolize_keys
  initializer('block', after: :load_config_initializers) { eval(OPTIONS['block']) } if OPTIONS['block']
  config.securekey.merge!(OPTIONS.fetch('securekey', {}).deep_symbolize_keys)
  if OPTIONS['settle'] || OPTIONS['now']
    moment = OPTIONS['now'] && Rational(OPTIONS['now'], 1000)
    config.securekey.keyring = Securekey.keyring(
      settle: OPTIONS['settle'] || 600, now: -> { (moment || Time.now) + LATER.sum },
      started_at: OPTIONS['started_at'] && Rational(OPTIONS['started_at'], 1000)
    )
  end
  config.securekey.keyring = AppClock.keyring(OPTIONS['live']) if OPTIONS['live']
  routes.append { %w[login show count link follow inside later peek ask ready log].each { |path| get path, to: "visits##{path}" } }
end

eval(OPTIONS['patch']) if OPTIONS['patch']
begin
  ExampleApp.initialize!
rescue Securekey::Error => e
  puts JSON.generate(refused: e.code, message: e.message)
  exit
end
# Logs in with a session, a signed and an encrypted cookie.
class VisitsController < ActionController::Base
  def login
    session[:user] = 'ada'
    attributes = { expires: 2.hours.from_now, httponly: true, secure: request.ssl?, domain: OPTIONS['domain'] }.compact
    cookies.signed[:remember] = { value: 'ada', **attributes }
    cookies.encrypted[:basket] = { value: { 'apples' => 3 }, **attributes }
    cookies.signed[:short] = { value: 'until the browser is closed', httponly: true }
    head :ok
  end

  def show
    render json: { session: session[:user], signed: cookies.signed[:remember], encrypted: cookies.encrypted[:basket],
                   short: cookies.signed[:short] }
  end

  def count
    session[:count] = session[:count].to_i + 1
    show
  end

  def link
    render json: { link: Rails.application.message_verifier('link').generate('report') }
  end

  def follow
    render json: { says: Rails.application.message_verifier('link').verified(params[:link]) }
  end

  # Reads the session and tells its store not to write it.
  def peek
    request.session_options[:skip] = true
    render json: { session: session[:user] }
  end

  def later
    OPTIONS['live'] ? AppClock.pass(params[:seconds].to_i) : LATER << params[:seconds].to_i
    head :ok
  end

  # The ring asks at this moment.
  def ask
    AppClock.ask_at(params[:at].to_i)
    render json: Rails.configuration.securekey.keyring.stats[:refresh]
  end

  def ready
    render json: Rails.configuration.securekey.keyring.ready.stats[:refresh]
  end

  def log
    render json: { log: LOG.string }
  end

  def inside
    render json: { base: Digest::SHA256.hexdigest(Rails.application.secret_key_base)[0, 8],
                   shown: [request.env.inspect, Rails.application.config.securekey.inspect, Rails.application.inspect].join }
  end
end

puts JSON.generate(version: Rails.version)

$stdin.each_line do |line|
  path, cookie, secure = JSON.parse(line).values_at('path', 'cookie', 'secure')
  env = Rack::MockRequest.env_for("http#{'s' if secure}://www.example.com#{path}", 'HTTP_COOKIE' => cookie.b)
  status, headers, body = ExampleApp.call(env)
  text = +''
  body.each { |part| text << part }
  body.close if body.respond_to?(:close)
  set = headers.find { |name, _| name.casecmp?('set-cookie') }&.last
  puts JSON.generate(status: status, body: text, set: Array(set).flat_map { |one| one.split("\n") })
end
