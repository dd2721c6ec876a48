# frozen_string_literal: true

# A small app of Rack whose ring asks for new keys when the test says so. It reads requests as lines of JSON and writes what it
# answers. Where it asks stands in APP_OPTIONS.
require 'json'
require 'rack'
require 'securekey'
require_relative 'app_clock'
require_relative 'visitor'

$stdout.sync = true
RING = AppClock.keyring(JSON.parse(ENV.fetch('APP_OPTIONS')))
AppClock.settle
require 'rack/session/cookie'

SESSIONS = RING.rack(key: 'app')
APP = Rack::Session::Cookie.new(lambda do |env|
  env['rack.session']['user'] = 'ada' if env['PATH_INFO'] == '/login'
  [200, {}, [env['rack.session']['user'] || 'nobody']]
end, SESSIONS)

$stdin.each_line do |line|
  asked = JSON.parse(line)
  AppClock.ask_at(asked['ask_at']) if asked['ask_at']
  AppClock.pass(asked['pass']) if asked['pass']
  visitor = Visitor.new(asked.fetch('cookies', {}))
  says = visitor.get(APP, asked.fetch('path', '/'))
  puts JSON.generate(says: says, cookies: visitor.cookies, kid: RING.kid, refresh: RING.stats[:refresh])
end
