# frozen_string_literal: true

# Writes the cookies that the real frameworks of Ruby make: ruby clients/vectors/make/ruby_cookies.rb
#
# Run it once with each Rack and Rails, and again when one changes its form or a state changes: it makes other bytes each
# time, in a file for each major version. It uses nothing of clients/ruby: the keys are handed over as the frameworks' own
# documents say.
ENV['RAILS_ENV'] ||= 'production'
require 'json'
require 'logger'
require 'rack'
require 'rack/mock'
require 'rack/session' if Rack.release.to_i >= 3
require 'rack/session/cookie'
require 'rails'
require 'action_controller/railtie'

FOLDER = File.expand_path('..', __dir__)
VECTORS = JSON.parse(File.read("#{FOLDER}/securekey-vectors.json"))
STATES = VECTORS['states'].to_h { |state| [state['name'], state] }
TEXTS = VECTORS['keys'].to_h { |key| [key['kid'], key['text']] }

# The states of a whole life, in which the cookies are made and read.
MADE_IN = ['fresh', 'next announced', 'rotated once', 'settling', 'next promoted', 'rotated twice', 'revoked'].freeze
READ_IN = [*MADE_IN, 'grace ended', 'older key kept', 'revoked with next', 'without a keyring'].freeze
SAYS = { 'user' => 42 }.freeze

def cookies_of(response)
  header = response.headers.find { |name, _| name.casecmp?('set-cookie') }&.last
  Array(header).flat_map { |one| one.split("\n") }.to_h { |line| line[/\A[^;]*/].split('=', 2) }
end

# A session of Rack::Session::Cookie.
def rack_session(keys)
  secrets = Rack.release.to_i < 3 ? { secret: keys[0], old_secret: keys[1] } : { secrets: keys }
  inner = lambda do |env|
    env['rack.session'].update(SAYS)
    [200, {}, []]
  end
  cookies_of(Rack::MockRequest.new(Rack::Session::Cookie.new(inner, { key: 'app', **secrets })).get('/'))
end

# A session, and what stands in `cookies.signed` and `cookies.encrypted`. An app of Rails has a process of its own.
def rails_cookies(keys)
  reader, writer = IO.pipe
  Process.wait(fork { writer.write(JSON.generate(in_rails(keys))) && writer.close && exit!(0) })
  writer.close
  JSON.parse(reader.read)
end

def in_rails(keys)
  app = Class.new(Rails::Application) do
    config.load_defaults(Rails.version.to_f)
    config.eager_load = false
    config.hosts.clear
    config.logger = Logger.new(nil)
    config.secret_key_base = keys[0]
    config.session_store :cookie_store, key: '_app'
    routes.append do
      get '/', to: lambda { |env|
        request = ActionDispatch::Request.new(env)
        SAYS.each { |name, value| request.session[name] = value }
        request.cookie_jar.signed['remember'] = { value: SAYS.dup }
        request.cookie_jar.encrypted['basket'] = { value: SAYS.dup }
        [200, {}, []]
      }
    end
  end
  app.initialize!
  response = Rack::MockRequest.new(app).get('http://www.example.com/')
  raise "Rails answered with #{response.status}" unless response.status == 200

  cookies_of(response)
end

FRAMEWORKS = {
  "rack-#{Rack.release.to_i}" => [Rack.release, method(:rack_session)],
  "rails-#{Rails.version.to_i}" => [Rails.version, method(:rails_cookies)]
}.freeze

def entry_of(make, name)
  state = STATES.fetch(name)
  accepted = READ_IN.select { |other| STATES.fetch(other)['accepted'].include?(state['signing']) }
  { name: "made when #{name}", state: name, now: state['now'],
    cookies: make.call(state['lists'][0]['kids'].map { |kid| TEXTS.fetch(kid) }), says: SAYS,
    accepted_in: accepted, refused_in: READ_IN - accepted }
end

FRAMEWORKS.each do |framework, (version, make)|
  made = { format: 'securekey-cookies/1', framework: framework, version: version,
           made_by: 'clients/vectors/make/ruby_cookies.rb', entries: MADE_IN.map { |name| entry_of(make, name) } }
  file = "#{FOLDER}/cookies/#{framework}.json"
  File.write(file, "#{JSON.pretty_generate(made)}\n")
  puts "#{file} is written."
end
