# frozen_string_literal: true

require 'support/guarantees'
require 'support/live_rings'
require 'support/visitor'
require 'rack/session' if Rack.release.to_i >= 3
require 'rack/session/cookie'
require 'sinatra/base'

# What live pick-up promises to the visitors of an app of Rack or Sinatra that is never restarted.
class LiveRackTest < Guarantees
  include LiveRings

  def rack(ring)
    inner = lambda do |env|
      session = env['rack.session']
      session['user'] = 'ada' if env['PATH_INFO'] == '/login'
      session['count'] = session['count'].to_i + 1 if env['PATH_INFO'] == '/count'
      [200, { 'content-type' => 'text/plain' }, [session['user'] || 'nobody']]
    end
    Rack::Session::Cookie.new(inner, ring.rack(key: 'app'))
  end

  def sinatra(ring)
    Class.new(Sinatra::Base) do
      set :environment, :production
      set :host_authorization, {} if respond_to?(:host_authorization)
      set :sessions, ring.rack(key: 'app')
      get('/login') { session['user'] = 'ada' }
      get('/count') { (session['count'] = session['count'].to_i + 1) && session['user'] || 'nobody' }
      get('/') { session['user'] || 'nobody' }
    end
  end

  APPS = %i[rack sinatra].freeze

  def logged_in(app)
    Visitor.new.tap { |visitor| visitor.get(app, '/login') }
  end

  # An app that holds the keys of the first rotation and asks for those that come.
  def running(kind, service = service(FakeService.keys(1)))
    @now = Published.rotated_at(1) + 86_400
    app = send(kind, live(service, vars: Published.vars(1), started_at: @now - 60))
    @hand.waits
    [app, service]
  end

  # An app that was started after so many rotations, at this moment.
  def restarted(kind, number)
    now = @now
    send(kind, Securekey.keyring(env: Published.vars(number), now: -> { @now }, started_at: now, settle: 4_200))
  end

  test 'these tests run with the version that they speak of' do
    assert_operator Rack.release, :start_with?, ENV.fetch('FRAMEWORK_VERSION', '')
  end

  APPS.each do |kind|
    test "an app of #{kind} that is not restarted keeps its visitors over three rotations, and no login of two ago" do
      app, service = running(kind)
      visitor = logged_in(app)
      first = visitor.cookies.dup
      (2..4).each do |number|
        @now = Published.rotated_at(number) + 30
        service.answers = FakeService.keys(number)
        @hand.pass(4_000)
        assert_equal 'ada', visitor.get(app), number
        @now += Published::DAY
        assert_equal 'ada', visitor.get(app), number
      end
      assert_equal [3, 'nobody'], [service.asked.size - 1, Visitor.new(first).get(app)]
      assert_equal 'ada', visitor.get(restarted(kind, 4))
    end

    test "beside processes that are restarted, an app of #{kind} that is not keeps logins old and new" do
      app, service = running(kind)
      old = logged_in(app)
      (2..4).each do |number|
        # The other process is restarted at the rotation; this one asks up to an hour later.
        @now = Published.rotated_at(number) + 10
        other = restarted(kind, number)
        visitors = [old, logged_in(other), logged_in(app)]
        to_and_fro = -> { 4.times { [other, app].each { |process| visitors.each { |visitor| assert_equal 'ada', visitor.get(process, '/count') } } } }
        to_and_fro.call
        @now += 3_600
        service.answers = FakeService.keys(number)
        @hand.pass(4_000)
        visitors << logged_in(app)
        to_and_fro.call
        @now += 4_200
        visitors << logged_in(other)
        to_and_fro.call
        @now += Published::DAY
        to_and_fro.call
      end
    end

    test "a revoke ends every login of a running app of #{kind}, before the new keys are there, and new logins are kept after" do
      app, service = running(kind)
      visitor = logged_in(app)
      first = visitor.cookies.dup
      service.answers = FakeService::REVOKED
      @hand.pass(4_000)
      assert_equal 'nobody', Visitor.new(first).get(app)
      between = logged_in(app)
      assert_equal 'ada', between.get(app)
      service.answers = FakeService.given(Published.revoked(at: @now))
      @hand.pass(4_000)
      assert_equal %w[nobody nobody], [Visitor.new(first).get(app), between.get(app)]
      assert_equal 'ada', logged_in(app).get(app)
    end
  end

  test 'what is made of a key is made once, also of keys that came later, and not kept for ever' do
    per_key = Securekey.module_eval('PerKey', __FILE__, __LINE__)
    built = []
    made = per_key.made(%w[a b]) { |text| built << text && text * 2 }
    3.times { assert_equal %w[aa bb cc], %w[a b c].map(&made) }
    assert_equal %w[a b c], built
    (1..100).each { |number| made.call(number.to_s) }
    assert_equal ['aa', 104], [made.call('a'), built.size]
  end

  test 'nothing that walks over a middleware meets a key that came later' do
    app, service = running(:rack)
    service.answers = FakeService.keys(2)
    @hand.pass(4_000)
    logged_in(app)
    shown = app.inspect + app.instance_variables.map { |name| app.instance_variable_get(name).inspect }.join
    (0..2).each { |number| refute_includes shown, Published.key(number) }
  end
end
