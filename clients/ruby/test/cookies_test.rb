# frozen_string_literal: true

require 'support/guarantees'
require 'securekey'
require 'support/visitor'
require 'support/rails_process'
require 'support/rails_visitor'
require 'rails/version'
require 'rack/session' if Rack.release.to_i >= 3
require 'rack/session/cookie'

# Logins that the real frameworks have made by themselves, read with the gem in each state of a ring.
class CookiesTest < Guarantees
  VECTORS = File.expand_path('../../vectors', __dir__)
  STATES = JSON.parse(File.read("#{VECTORS}/securekey-vectors.json"))['states'].to_h { |state| [state['name'], state] }
  RACK = "rack-#{Rack.release.to_i}"
  RAILS = "rails-#{Rails.version.to_i}"

  def self.entries(framework)
    JSON.parse(File.read("#{VECTORS}/cookies/#{framework}.json"))['entries']
  end

  def vars(state)
    { 'SECURE_KEY' => state['secure_key'], 'SECURE_KEYRING' => state['secure_keyring'] }.compact
  end

  def in_rack(state, cookies)
    moment = Rational(state['now'], 1000)
    ring = Securekey.keyring(env: vars(state), now: -> { moment }, started_at: Rational(state['started_at'], 1000),
                             on_warning: ->(*) {})
    app = Rack::Session::Cookie.new(->(env) { [200, {}, [env['rack.session']['user'].inspect]] }, ring.rack(key: 'app'))
    Visitor.new(cookies).get(app)
  end

  def in_rails(state, cookies)
    process = RailsProcess.with(vars(state), now: state['now'], started_at: state['started_at'])
    RailsVisitor.new(cookies).get(process, '/show').slice('session', 'signed', 'encrypted')
  end

  # All that a login of this framework says, and what is read where it is nobody's.
  READERS = {
    RACK => [:in_rack, ->(says) { says['user'].inspect }, 'nil'],
    RAILS => [:in_rails, ->(says) { { 'session' => says['user'], 'signed' => says, 'encrypted' => says } },
              { 'session' => nil, 'signed' => nil, 'encrypted' => nil }]
  }.freeze

  READERS.each do |framework, (reader, said, nobody)|
    entries(framework).each do |entry|
      test "a login of #{framework.sub('-', ' ')} #{entry['name']} is read where it should be, and nowhere else" do
        assert_operator entry['accepted_in'].size + entry['refused_in'].size, :>=, 10
        entry['accepted_in'].each do |state|
          assert_equal said.call(entry['says']), send(reader, STATES.fetch(state), entry['cookies']), state
        end
        entry['refused_in'].each { |state| assert_equal nobody, send(reader, STATES.fetch(state), entry['cookies']), state }
      end
    end
  end
end
