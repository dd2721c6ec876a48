# frozen_string_literal: true

require 'support/guarantees'
require 'support/fake_service'
require 'support/rails_process'
require 'support/rails_visitor'

# What live pick-up promises to the visitors of an app of Rails that is never restarted.
class LiveRailsTest < Guarantees
  KEPT = { 'session' => 'ada', 'signed' => 'ada', 'encrypted' => { 'apples' => 3 },
           'short' => 'until the browser is closed' }.freeze
  NOBODY = KEPT.transform_values { nil }.freeze
  # Rails itself looks at the clock of the machine when it reads an end, so the rotations are those of these weeks.
  NOW = Time.now.to_i - 2 * Published::PERIOD

  def setup
    @service = FakeService.new
    @now = NOW
  end

  def teardown
    @service.close
  end

  def vars(number)
    Published.vars(number, at: NOW + (number - 1) * Published::PERIOD)
  end

  # An app that holds the keys of the first rotation and asks for those that come.
  def running(**options)
    @service.answers = FakeService.given(vars(1))
    RailsProcess.with(vars(1), live: { url: @service.url, now: @now += 86_400 }, **options)
  end

  def restarted(number)
    RailsProcess.with(vars(number), settle: 4_200, now: @now * 1_000, started_at: @now * 1_000)
  end

  # It is so late, these keys are published, and the app asks for them.
  def ask(process, answer, at: @now)
    @service.answers = answer
    RailsVisitor.new.get(process, "/ask?at=#{@now = at}")
  end

  def later(process, seconds)
    RailsVisitor.new.get(process, "/later?seconds=#{seconds}")
  end

  def login(process)
    RailsVisitor.new.tap { |visitor| visitor.get(process, '/login') }
  end

  def visit(cookies, process)
    RailsVisitor.new(cookies).get(process, '/show')
  end

  def rotation(number)
    NOW + (number - 1) * Published::PERIOD
  end

  test 'these tests run with the version that they speak of' do
    assert_operator running.started['version'], :start_with?, ENV.fetch('FRAMEWORK_VERSION', '')
  end

  test 'an app that is not restarted keeps sessions, signed and encrypted cookies over three rotations, and none of two ago' do
    %w[current none].each do |defaults|
      @now = NOW
      app = running(defaults: defaults)
      visitor = login(app)
      first = visitor.cookies.dup
      (2..4).each do |number|
        ask(app, FakeService.given(vars(number)), at: rotation(number) + 30)
        assert_equal KEPT, visitor.get(app, '/show'), number
        later(app, Published::DAY)
        assert_equal KEPT, visitor.get(app, '/show'), number
      end
      assert_equal NOBODY, visit(first, app)
    end
  end

  test 'beside processes that are restarted, one that is not keeps logins old and new' do
    app = running
    old = login(app)
    (2..4).each do |number|
      @now = rotation(number) + 10
      other = restarted(number)
      visitors = [old, login(other), login(app)]
      to_and_fro = -> { 2.times { [other, app].each { |process| visitors.each { |visitor| assert_equal KEPT, visitor.get(process, '/count') } } } }
      to_and_fro.call
      ask(app, FakeService.given(vars(number)), at: @now + 3_600)
      later(other, 3_600)
      visitors << login(app)
      to_and_fro.call
      [app, other].each { |process| later(process, 4_200) }
      visitors << login(other)
      to_and_fro.call
    end
  end

  test 'a revoke ends every login of a running app, before the new keys are there, and new logins are kept after' do
    app = running
    first = login(app).cookies
    assert_equal 'revoked', ask(app, FakeService::REVOKED)['state']
    assert_equal NOBODY, visit(first, app)
    between = login(app)
    assert_equal KEPT, between.get(app, '/show')
    ask(app, FakeService.given(Published.revoked(at: @now)))
    assert_equal [NOBODY, NOBODY, KEPT], [visit(first, app), between.get(app, '/show'), visit(login(app).cookies, app)]
  end

  test 'a renewed cookie has the end that it had, also where its key came while the app ran' do
    app = running
    visitor = login(app)
    before = visitor.attributes('remember')
    ask(app, FakeService.given(vars(2)), at: rotation(2) + 30)
    later(app, 4_200)
    visitor.get(app, '/show')
    assert_equal before, visitor.attributes('remember')
  end

  test 'config.securekey.refresh is all that it takes, and no token is shown' do
    @service.answers = FakeService.given(vars(2))
    env = { **vars(1), 'SECURE_KEY_URL' => @service.url, 'SECURE_KEY_TOKEN' => 'sk_api_secret' }
    [[env, true], [vars(1), { url: @service.url, token: 'sk_api_secret' }]].each do |given, refresh|
      app = RailsProcess.with(given, securekey: { refresh: refresh })
      assert_equal [1, 0], RailsVisitor.new.get(app, '/ready').values_at('taken', 'failed')
      assert_equal KEPT, visit(login(RailsProcess.with(vars(2), settle: 0)).cookies, app)
      shown = RailsVisitor.new.get(app, '/inside')['shown']
      refute_includes shown, 'sk_api_secret'
      (0..2).each { |number| refute_includes shown, Published.key(number) }
    end
    assert_equal 'missing', RailsProcess.with(vars(1), securekey: { refresh: true }).started['refused']
  end

  test 'the log of Rails says it when no more keys are fetched' do
    @service.answers = FakeService.problem(401, 'unauthenticated')
    app = RailsProcess.with(vars(1), securekey: { refresh: { url: @service.url, token: 'sk_api_x' } }, log: true)
    RailsVisitor.new.get(app, '/ready')
    log = RailsVisitor.new.get(app, '/log')['log']
    assert_equal 1, log.scan('refresh-stopped').size, log
    assert_includes log, 'unauthenticated'
  end

  test 'what follows secret_key_base stays as it was at the start, and its old keys sign no cookie after a revoke' do
    follow = { securekey: { secret_key_base: true, accept_secret_key_base: true } }
    app = running(**follow)
    first = login(app).cookies
    link = RailsVisitor.new.get(app, '/link')['link']
    ask(app, FakeService.given(vars(2)), at: rotation(2) + 30)
    assert_equal ['report', Published.kid(1)], [RailsVisitor.new.get(app, "/follow?link=#{link}")['says'], RailsVisitor.new.get(app, '/inside')['base']]
    assert_equal KEPT, visit(first, app)
    ask(app, FakeService.given(Published.revoked(at: @now)))
    assert_equal NOBODY, visit(first, app)
  end
end
