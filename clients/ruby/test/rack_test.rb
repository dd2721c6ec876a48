# frozen_string_literal: true

require 'support/guarantees'
require 'support/published'
require 'support/visitor'
require 'pp'
require 'rack/session' if Rack.release.to_i >= 3
require 'rack/session/cookie'

# What a ring promises to an app whose sessions are cookies of Rack. Run with Rack 2 and with Rack 3.
class RackTest < Guarantees
  NOW = Published.rotated_at(2) + Published::DAY
  GENERATIONS = (1..8).freeze

  # A process with these variables: `/login` logs in, `/` says who it is, `/count` changes the session.
  def process(vars, now: NOW, started_at: now - 3_600, session: {}, **options)
    ring = Securekey.keyring(env: vars, now: -> { now.respond_to?(:call) ? now.call : now }, started_at: started_at,
                             on_warning: ->(*) {}, **options)
    of_ring(ring, session)
  end

  def of_ring(ring, session = {})
    inner = lambda do |env|
      session = env['rack.session']
      session['user'] = 'ada' if env['PATH_INFO'] == '/login'
      session['count'] = session['count'].to_i + 1 if env['PATH_INFO'] == '/count'
      [200, { 'content-type' => 'text/plain' }, [session['user'] || 'nobody']]
    end
    options = ring.rack({ key: 'app', **session })
    Rack::Session::Cookie.new(inner, options)
  end

  def logged_in(process)
    Visitor.new.tap { |visitor| visitor.get(process, '/login') }
  end

  test 'these tests run with the version that they speak of' do
    assert_operator Rack.release, :start_with?, ENV.fetch('FRAMEWORK_VERSION', '')
  end

  test 'a login made before a rotation is good after it, and not after two' do
    visitor = logged_in(process(Published.vars(1)))
    assert_equal 'ada', Visitor.new(visitor.cookies).get(process(Published.vars(2)))
    assert_equal 'nobody', Visitor.new(visitor.cookies).get(process(Published.vars(3)))
  end

  test 'a visitor who comes once between rotations stays logged in over six of them' do
    visitor = logged_in(process(Published.vars(1)))
    (1..7).each { |number| assert_equal 'ada', visitor.get(process(Published.vars(number)), '/'), number }
  end

  test 'the cookie is written anew as a whole: a renewed one has the attributes of the first, with a new end' do
    session = { expire_after: 3_600, domain: 'example.com', path: '/', secure: true, same_site: :strict }
    visitor = Visitor.new
    visitor.get(process(Published.vars(1), session: session), '/login', 'HTTPS' => 'on')
    first = visitor.attributes('app')
    visitor.get(process(Published.vars(2), session: session), '/', 'HTTPS' => 'on')
    assert_equal first, visitor.attributes('app')
    assert_operator first.size, :>=, 5
  end

  test 'a formation that is half restarted, eight times to and fro, keeps logins old and new: the settle time' do
    at = Published.rotated_at(2)
    stale = process(Published.vars(1), now: at + 30)
    restarted = process(Published.vars(2), now: at + 30, started_at: at + 20)
    [logged_in(stale), logged_in(restarted)].each do |visitor|
      8.times do
        assert_equal 'ada', visitor.get(restarted, '/count')
        assert_equal 'ada', visitor.get(stale, '/count')
      end
      assert_equal 'ada', visitor.get(process(Published.vars(2), now: at + 86_400))
    end
  end

  test 'a formation that is half restarted keeps logins old and new with the next key announced, without settle time' do
    stale = process(Published.vars(1, announced: true), settle: 0)
    restarted = process(Published.vars(2, announced: true), settle: 0)
    [logged_in(stale), logged_in(restarted)].each do |visitor|
      8.times do
        assert_equal 'ada', visitor.get(restarted, '/count')
        assert_equal 'ada', visitor.get(stale, '/count')
      end
    end
  end

  test 'without settle time and without the next key a stale process does not know a new login, but leaves it alone' do
    stale = process(Published.vars(1), settle: 0)
    restarted = process(Published.vars(2), settle: 0)
    visitor = logged_in(restarted)
    assert_equal 'nobody', visitor.get(stale)
    assert_equal 'ada', visitor.get(restarted)
  end

  test 'a process signs with the first key as soon as its settle time is over, without a restart' do
    now = at = Published.rotated_at(2)
    process = process(Published.vars(2), now: -> { now }, started_at: at, settle: 600)
    before = Published.vars(1)
    assert_equal 'ada', Visitor.new(logged_in(process).cookies).get(process(before))
    now = at + 600
    assert_equal 'nobody', Visitor.new(logged_in(process).cookies).get(process(before))
    assert_equal 'ada', logged_in(process).get(process)
  end

  test 'a formation that is half restarted keeps logins whose cookies are to live longer than the second key' do
    at = Published.rotated_at(2)
    session = { expire_after: Published::PERIOD + 1 }
    stale = process(Published.vars(1), now: at + 30, session: session)
    restarted = process(Published.vars(2), now: at + 30, started_at: at + 20, session: session)
    visitor = logged_in(restarted)
    4.times { [stale, restarted].each { |process| assert_equal 'ada', visitor.get(process, '/count') } }
    assert_equal 'ada', visitor.get(process(Published.vars(2), now: at + 700, started_at: at + 20, session: session))
  end

  test 'requests in parallel with one old cookie are all logged in' do
    cookies = logged_in(process(Published.vars(1))).cookies
    process = process(Published.vars(2))
    answers = Array.new(12) { Thread.new { Visitor.new(cookies).get(process, '/count') } }.map(&:value)
    assert_equal ['ada'] * 12, answers
  end

  test 'a revoke ends every login' do
    visitor = logged_in(process(Published.vars(2, announced: true)))
    assert_equal 'nobody', visitor.get(process(Published.revoked))
  end

  test 'forged, empty and odd cookies are nobody, and none raises' do
    process = process(Published.vars(2))
    good = logged_in(process).cookies['app']
    plain = [Marshal.dump('session_id' => 'x', 'user' => 'mallory')].pack('m0')
    empty_mac = OpenSSL::HMAC.hexdigest('SHA1', '', plain)
    odd = ['', '--', '=', plain, "#{plain}--", "#{plain}--#{empty_mac}", "--#{empty_mac}", good[0..-2], "x#{good}", good.reverse,
           good * 2, '%FF%FE', '%FF%FE--aa', '%00--%00', "\xFF", 'a' * 5_000, '%00', 'AQ==', '[]', '{}', 'BAh7AA==', good.swapcase]
    odd.each { |value| assert_equal 'nobody', Visitor.new('app' => value).get(process), value[0, 60] }
  end

  test 'no cookie is read without its mac, also by a rack-session that asks the coder when it cannot decrypt' do
    coder = Securekey.keyring(env: Published.vars(2)).rack(key: 'app')[:coder]
    assert_nil coder.decode([Marshal.dump('user' => 'mallory')].pack('m0'))
    assert_nil coder.decode(nil)
    assert_nil coder.decode(['x'])
  end

  test 'a cookie that Rack itself has made with the first or the second key is good' do
    inner = ->(env) { [200, {}, [env['rack.session']['user'] = 'ada']] }
    [1, 2].each do |number|
      own = Rack.release.to_i < 3 ? { secret: Published.key(number) } : { secrets: Published.key(number) }
      visitor = Visitor.new
      visitor.get(Rack::Session::Cookie.new(inner, { key: 'app', **own }))
      assert_equal 'ada', visitor.get(process(Published.vars(2)))
    end
  end

  test 'a cookie of the ring is good for Rack itself with the same keys' do
    visitor = logged_in(process(Published.vars(2)))
    keys = [Published.key(2), Published.key(1)]
    own = Rack.release.to_i < 3 ? { secret: keys[0], old_secret: keys[1] } : { secrets: keys }
    app = Rack::Session::Cookie.new(->(env) { [200, {}, [env['rack.session']['user'].to_s]] }, { key: 'app', **own })
    assert_equal 'ada', visitor.get(app)
  end

  test 'a login of before the add-on is good while its secret is accepted, and is made anew' do
    before = 'of before ' * 7
    own = Rack.release.to_i < 3 ? :secret : :secrets
    inner = ->(env) { [200, {}, [env['rack.session']['user'] = 'ada']] }
    visitor = Visitor.new
    visitor.get(Rack::Session::Cookie.new(inner, { key: 'app', own => before }))
    stays = visitor.dup.cookies.dup
    moved = process(Published.vars(2), session: { accept: [before] })
    assert_equal %w[ada ada ada], [moved, process(Published.vars(2)), process(Published.vars(3))].map { |app| visitor.get(app) }
    assert_equal 'nobody', Visitor.new(stays).get(process(Published.vars(2)))
    assert_equal 'nobody', Visitor.new(stays).get(process(Published.vars(2), session: { accept: ['of nobody ' * 7] }))
    refute_includes PP.pp(moved, +''), before
  end

  test 'a secret to accept that is none is refused' do
    ring = Securekey.keyring(env: Published.vars(2))
    ['x' * 64, [''], [nil], ['x' * 64, :x], nil, { a: 'x' * 64 }].each do |accept|
      assert_equal 'accept', refused('bad-option') { ring.rack(accept: accept) }.place
    end
    refused('bad-option') { ring.rack(accept: ['x' * 63]) } if Rack.release.to_i >= 3
  end

  test 'options for the other Rack are refused, and so is a secret beside the ring' do
    ring = Securekey.keyring(env: Published.vars(2))
    other = Rack.release.to_i < 3 ? :rack3 : :rack2
    assert_includes refused('unsafe-framework') { ring.public_send(other) }.message, Rack.release
    %i[secret secrets old_secret legacy_hmac_secret].each do |name|
      assert_equal name.to_s, refused('bad-option') { ring.rack(name => 'x' * 64) }.place
    end
    refused('bad-option') { ring.rack(expire_after: 0) }
  end

  test 'a Rack before 2.2, and a Rack 3 without rack-session, are refused by a sentence' do
    ring = Securekey.keyring(env: Published.vars(2))
    with_release('2.1.4') { assert_includes refused('unsafe-framework') { ring.rack }.message, '2.1.4' }
    if Rack.release.to_i < 3
      with_release('3.0.0') { assert_includes refused('unsafe-framework') { ring.rack }.message, 'rack-session' }
    end
  end

  def with_release(version)
    real = Rack.method(:release)
    replace_release(-> { version })
    yield
  ensure
    replace_release(real)
  end

  def replace_release(block)
    verbose, $VERBOSE = $VERBOSE, nil
    Rack.define_singleton_method(:release) { block.call }
  ensure
    $VERBOSE = verbose
  end

  test 'nothing that walks over a middleware meets a key' do
    ring = Securekey.keyring(env: Published.vars(2))
    app = of_ring(ring)
    logged_in(app)
    shown = app.inspect + app.instance_variables.map { |name| app.instance_variable_get(name).inspect }.join
    [1, 2].each { |number| refute_includes shown, Published.key(number) }
    assert_equal 'ada', logged_in(app).get(app)
  end
end
