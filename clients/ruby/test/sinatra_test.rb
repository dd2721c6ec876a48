# frozen_string_literal: true

require 'support/guarantees'
require 'support/published'
require 'support/visitor'
require 'sinatra/base'

# What a ring promises to an app of Sinatra, which puts a secret of its own beside the options of its sessions.
class SinatraTest < Guarantees
  def app(vars)
    ring = Securekey.keyring(env: vars, settle: 0, on_warning: ->(*) {})
    Class.new(Sinatra::Base) do
      set :environment, :production
      set :host_authorization, {} if respond_to?(:host_authorization)
      # As each process has one of its own.
      set :session_secret, SecureRandom.hex(64)
      set :sessions, ring.rack(key: 'app')
      get('/login') { session['user'] = 'ada' }
      get('/') { session['user'] || 'nobody' }
    end
  end

  test 'these tests run with the version that they speak of' do
    assert_operator Sinatra::VERSION, :start_with?, ENV.fetch('FRAMEWORK_VERSION', '')
  end

  test 'a login made before a rotation is good after it, and not after two' do
    visitor = Visitor.new
    visitor.get(app(Published.vars(1)), '/login')
    assert_equal 'ada', Visitor.new(visitor.cookies).get(app(Published.vars(2)))
    assert_equal 'nobody', Visitor.new(visitor.cookies).get(app(Published.vars(3)))
  end

  test 'a visitor who comes once between rotations stays logged in over six of them' do
    visitor = Visitor.new
    visitor.get(app(Published.vars(1)), '/login')
    (1..7).each { |number| assert_equal 'ada', visitor.get(app(Published.vars(number))), number }
  end

  test 'a cookie that anybody can make is nobody' do
    plain = [Marshal.dump('session_id' => 'x', 'user' => 'mallory')].pack('m0')
    assert_equal 'nobody', Visitor.new('app' => plain).get(app(Published.vars(2)))
  end
end
