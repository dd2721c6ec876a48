# frozen_string_literal: true

require 'support/guarantees'
require 'support/published'
require 'support/rails_process'
require 'support/rails_visitor'

# What the gem promises to an app of Rails. Each process is one of its own, as in a formation.
class RailsTest < Guarantees
  KEPT = { 'session' => 'ada', 'signed' => 'ada', 'encrypted' => { 'apples' => 3 },
           'short' => 'until the browser is closed' }.freeze
  NOBODY = KEPT.transform_values { nil }.freeze
  # Long enough ago that no process signs with its second key.
  CALM = Time.now.to_i - Published::DAY
  # A rotation of this minute.
  FRESH = Time.now.to_i - 60

  def calm(number, announced: false, **options)
    RailsProcess.with(Published.vars(number, announced: announced, at: CALM), **options)
  end

  def login(process, **options)
    RailsVisitor.new.tap { |visitor| visitor.get(process, '/login', **options) }
  end

  def visit(cookies, process)
    RailsVisitor.new(cookies).get(process, '/show')
  end

  test 'these tests run with the version that they speak of' do
    assert_operator calm(1).started['version'], :start_with?, ENV.fetch('FRAMEWORK_VERSION', '')
  end

  test 'a login made before a rotation is good after it, and not after two' do
    visitor = login(calm(1))
    assert_equal KEPT, visit(visitor.cookies, calm(2))
    assert_equal NOBODY, visit(visitor.cookies, calm(3))
  end

  test 'a visitor who comes once between rotations keeps session, signed and encrypted cookies over six of them' do
    visitor = login(calm(1))
    (1..7).each { |number| assert_equal KEPT, visitor.get(calm(number), '/show'), number }
  end

  test 'the same without the defaults of any version of Rails' do
    visitor = login(calm(1, defaults: 'none'))
    (1..4).each { |number| assert_equal KEPT, visitor.get(calm(number, defaults: 'none'), '/show'), number }
    assert_equal NOBODY, visit(login(calm(1, defaults: 'none')).cookies, calm(3, defaults: 'none'))
  end

  test 'a renewed cookie has the end, httponly and secure of the first one' do
    %w[current none].each do |defaults|
      visitor = login(calm(1, defaults: defaults), secure: true)
      before = %w[remember basket short].to_h { |name| [name, visitor.attributes(name)] }
      visitor.get(calm(2, defaults: defaults), '/show', secure: true)
      before.each do |name, attributes|
        # The app did not ask for `secure` here; the renewed one is stricter.
        attributes = (attributes + ['secure']).uniq.sort if name == 'short'
        assert_equal attributes, visitor.attributes(name), "#{name} #{defaults}"
      end
      assert(visitor.attributes('remember').any? { |attribute| attribute.start_with?('expires=') })
    end
  end

  test 'a renewed cookie has what the app says of it, and one that it names so is not renewed' do
    stated = { domain: 'example.com', securekey: { cookies: { remember: { domain: 'example.com', expires: nil }, basket: false } } }
    visitor = login(calm(1, **stated))
    visitor.get(calm(2, **stated), '/show')
    assert_includes visitor.attributes('remember'), 'domain=example.com'
    refute(visitor.attributes('remember').any? { |attribute| attribute.start_with?('expires=') })
    refute_includes visitor.set, 'basket'
  end

  test 'a session with an end is written anew with it at each visit' do
    visitor = login(calm(1, session: { expire_after: 3_600 }))
    visitor.get(calm(2, session: { expire_after: 3_600 }), '/show')
    assert(visitor.attributes('_app').any? { |attribute| attribute.start_with?('expires=') })
    assert_includes visitor.attributes('_app'), 'httponly'
  end

  test 'a session that its store is told not to write is left as it is' do
    options = { session: { expire_after: 3_600, domain: 'example.com' } }
    visitor = login(calm(1, **options))
    assert_equal 'ada', visitor.get(calm(2, **options), '/peek')['session']
    assert_empty visitor.set
  end

  test 'a formation that is half restarted, eight times to and fro, keeps logins old and new: the settle time' do
    stale = calm(1)
    restarted = RailsProcess.with(Published.vars(2, at: FRESH))
    [login(stale), login(restarted)].each do |visitor|
      8.times { [restarted, stale].each { |process| assert_equal KEPT, visitor.get(process, '/count') } }
      assert_equal KEPT, visitor.get(calm(2), '/show')
    end
  end

  test 'a formation that is half restarted keeps logins old and new with the next key announced, without settle time' do
    stale = calm(1, announced: true, settle: 0)
    restarted = calm(2, announced: true, settle: 0)
    [login(stale), login(restarted)].each do |visitor|
      8.times { [restarted, stale].each { |process| assert_equal KEPT, visitor.get(process, '/count') } }
    end
  end

  test 'without settle time and without the next key a stale process does not know a new login, but leaves it alone' do
    visitor = login(calm(2))
    assert_equal NOBODY, visitor.get(calm(1), '/show')
    assert_empty visitor.set
    assert_equal KEPT, visitor.get(calm(2), '/show')
  end

  test 'a process signs with the first key as soon as its settle time is over, without a restart' do
    process = RailsProcess.with(Published.vars(2, at: FRESH), settle: 600)
    assert_equal KEPT, visit(login(process).cookies, calm(1))
    RailsVisitor.new.get(process, '/later?seconds=601')
    assert_equal NOBODY, visit(login(process).cookies, calm(1))
    assert_equal KEPT, visit(login(process).cookies, process)
  end

  test 'a settling process does not renew what the first key has signed' do
    visitor = login(calm(2))
    visitor.get(RailsProcess.with(Published.vars(2, at: FRESH)), '/show')
    refute_includes visitor.set, 'remember'
  end

  test 'requests in parallel with one old cookie are all logged in' do
    cookies = login(calm(1)).cookies
    answers = Array.new(8) { Thread.new { RailsVisitor.new(cookies).get(calm(2), '/count') } }.map(&:value)
    assert_equal [KEPT] * 8, answers
  end

  test 'a revoke ends every login' do
    visitor = login(calm(2, announced: true))
    assert_equal NOBODY, visitor.get(RailsProcess.with(Published.revoked(at: FRESH)), '/show')
  end

  test 'forged, empty and odd cookies are nobody, and none raises' do
    good = login(calm(2)).cookies
    plain = ['{"_rails":{"message":"ImFkYSI=","exp":null,"pur":"cookie.remember"}}'].pack('m0')
    empty_mac = OpenSSL::HMAC.hexdigest('SHA1', '', plain)
    odd = ['', '--', '----', plain, "#{plain}--", "#{plain}--#{empty_mac}", '%FF--%FE--%00', 'a' * 5_000, '[]', 'a--b--c', '=--=--=']
    odd += good.values.flat_map { |value| [value[0..-2], "x#{value}", value.swapcase] }
    odd.each do |value|
      forged = %w[_app remember basket short].to_h { |name| [name, value] }
      assert_equal NOBODY, visit(forged, calm(2)), value[0, 60]
    end
    # One good cookie under the name of another.
    swapped = { '_app' => good['basket'], 'basket' => good['_app'], 'remember' => good['short'], 'short' => good['remember'] }
    assert_equal NOBODY, visit(swapped, calm(2))
  end

  test 'an app without keys, or with wrong ones, does not start' do
    key = Published.key(1)
    { {} => 'missing', { 'SECURE_KEY' => '' } => 'missing', { 'SECURE_KEY' => key } => 'not-two-keys',
      { 'SECURE_KEY' => "#{key}, #{key}" } => 'bad-key', { 'SECURE_KEY' => "#{key},#{key}" } => 'same-key-twice' }
      .each { |vars, code| assert_equal code, RailsProcess.with(vars).started['refused'] }
    named = { 'MY_KEY' => Published.vars(1)['SECURE_KEY'], 'MY_KEYRING' => Published.vars(1, at: CALM)['SECURE_KEYRING'] }
    assert_equal KEPT, visit(login(calm(1)).cookies, RailsProcess.with(named, securekey: { var: 'MY_KEY' }))
    assert RailsProcess.with({}, securekey: { enabled: false }).started['version']
    assert RailsProcess.with({ 'SECRET_KEY_BASE_DUMMY' => '1' }).started['version']
  end

  test 'a Rails that is too old, or takes its cookie keys from elsewhere, does not start' do
    elsewhere = 'ActionDispatch::Cookies; ActionDispatch::Request.class_eval { def key_generator; Rails.application.key_generator; end }'
    unread = 'ActionDispatch::Cookies; ActionDispatch::Request.class_eval { def cookies_rotations; ActiveSupport::Messages::RotationConfiguration.new; end }'
    old = 'def Rails.gem_version; Gem::Version.new("6.0.6"); end; def Rails.version; "6.0.6"; end'
    { elsewhere => 'from the ring', unread => 'from the ring', old => 'Rails 6.0.6 is too old' }.each do |patch, sentence|
      started = calm(1, patch: patch).started
      assert_equal 'unsafe-framework', started['refused'], patch
      assert_includes started['message'], sentence
    end
  end

  test 'cookies of the time before the gem are good if the app says so, and are renewed' do
    before = login(RailsProcess.with({}, securekey: { enabled: false }))
    assert_equal NOBODY, visit(before.cookies, calm(1))
    moving = calm(1, securekey: { accept_secret_key_base: true })
    assert_equal KEPT, before.get(moving, '/show')
    assert(before.attributes('remember').any? { |attribute| attribute.start_with?('expires=') })
    assert_equal KEPT, before.get(calm(1), '/show')
  end

  test 'what Rails has signed with a secret_key_base that was one of the keys by hand is good' do
    by_hand = RailsProcess.with({ 'SECRET_KEY_BASE' => Published.key(1) }, base: 'none', securekey: { enabled: false })
    assert_equal KEPT, visit(login(by_hand).cookies, calm(2))
  end

  test 'secret_key_base stays what it is, so that links and attachments in a database stay good' do
    link = RailsVisitor.new.get(calm(1), '/link')['link']
    assert_equal 'report', RailsVisitor.new.get(calm(3), "/follow?link=#{link}")['says']
    base = Digest::SHA256.hexdigest('s' * 64)[0, 8]
    assert_equal base, RailsVisitor.new.get(calm(1), '/inside')['base']
  end

  test 'with secret_key_base following the ring, links are good for one rotation and not for two' do
    follow = { securekey: { secret_key_base: true } }
    link = RailsVisitor.new.get(calm(1, **follow), '/link')['link']
    says = [1, 2, 3].map { |number| RailsVisitor.new.get(calm(number, **follow), "/follow?link=#{link}")['says'] }
    assert_equal ['report', 'report', nil], says
    assert_equal Published.kid(1), RailsVisitor.new.get(calm(1, **follow), '/inside')['base']
    # Read once, at the start: a settling process must not sign with what ends at the next rotation.
    fresh = RailsProcess.with(Published.vars(2, at: FRESH), **follow)
    assert_equal Published.kid(2), RailsVisitor.new.get(fresh, '/inside')['base']
    assert_equal KEPT, visit(login(calm(1, **follow)).cookies, calm(2, **follow))
  end

  test 'nothing that prints a request or the configuration shows a key' do
    shown = RailsVisitor.new.get(calm(2, announced: true), '/inside')['shown']
    [1, 2, 3].each { |number| refute_includes shown.upcase, Published.key(number) }
    assert_includes shown, Published.kid(2)
  end
end
