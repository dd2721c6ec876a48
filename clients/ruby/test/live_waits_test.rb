# frozen_string_literal: true

require 'support/guarantees'
require 'support/live_rings'

# When a ring asks for its keys again, and what it says of itself when it has them.
class LiveWaitsTest < Guarantees
  include LiveRings

  # The seconds that a ring waits after this answer, by chance 0 and by almost 1.
  def waits(answer, **options)
    [0, 0.999999].map do |chance|
      hand = LiveRings::Hand.new
      live(service(answer), hand: hand, chance: chance, **options)
      hand.waits
    end
  end

  def assert_waits(least, most, answer, **options)
    waits = waits(answer, **options)
    assert_in_delta least, waits[0], 0.01, answer.inspect
    assert_in_delta most, waits[1], 0.01, answer.inspect
  end

  def refresh_after(text)
    FakeService.keys(2, 'Refresh-After' => text)
  end

  test 'Refresh-After counts from a minute to an hour, a tenth more or less, and anything odd is an hour' do
    assert_waits 540, 660, refresh_after('600')
    %w[1 0 59 60].each { |text| assert_waits 54, 66, refresh_after(text) }
    ['3600', '999999999', nil, '-5', 'NaN', '1e2', '600.5', '9999999999', '600, 600', ' ', '0x258'].each do |text|
      assert_waits 3_240, 3_960, refresh_after(text)
    end
  end

  test 'a rotation is asked for within a minute of its stated time, closely for ten minutes, and then no more' do
    at = Published.rotated_at(3)
    answer = FakeService.keys(2)
    { at - 600 => [600, 660], at - 1 => [1, 61], at => [30, 60], at + 599 => [30, 60], at + 600 => [3_240, 3_960] }.each do |now, (least, most)|
      @now = now
      assert_waits least, most, answer
    end
    @now = at - 4_000
    assert_waits 3_240, 3_960, answer
  end

  test 'failures in a row are asked again after longer and longer times, of chance, five minutes at most' do
    [[0.999999, [2, 4, 8, 16, 32, 64, 128, 256, 300, 300]], [0.5, [1, 2, 4, 8, 16, 32, 64, 128, 150, 150]], [0, [1] * 10]].each do |chance, expected|
      hand = LiveRings::Hand.new
      live(service([500, {}, '']), hand: hand, chance: chance)
      waits = [hand.waits]
      waits << hand.pass(waits.last) while waits.size < 10
      expected.zip(waits).each { |wanted, waited| assert_in_delta wanted, waited, 0.01 }
    end
  end

  test 'Retry-After of a failure is obeyed, as seconds or as a date, an hour at most' do
    at = Time.at(NOW).utc
    { '120' => 120, (at + 300).httpdate => 300, '999999' => 3_600, (at + 90_000).httpdate => 3_600 }.each do |text, seconds|
      [429, 503].each { |status| assert_waits seconds, seconds * 1.1, [status, { 'Retry-After' => text }, ''] }
    end
    late = at + 300
    [(at - 60).httpdate, late.strftime('%A, %d-%b-%y %H:%M:%S GMT'), late.strftime('%a %b %e %H:%M:%S %Y'), '-1', 'soon', '1.5', '12345678901', at.iso8601, "#{at.httpdate} "].each do |text|
      assert_waits 1, 2, [503, { 'Retry-After' => text }, '']
    end
  end

  test 'revoked keys are asked for again after ten seconds, or after what the service says, a minute at most' do
    body = FakeService::REVOKED[2]
    { nil => 10, '3' => 3, '0' => 1, '900' => 60, 'x' => 10 }.each do |text, seconds|
      assert_waits seconds, seconds * 1.1, [503, { 'Content-Type' => 'application/problem+json', 'Retry-After' => text }, body]
    end
  end

  test 'a ring that took new keys signs with the second one for 70 minutes, and asks when they are over' do
    at = Published.rotated_at(3)
    @now = at + 30
    service = service(FakeService.keys(3))
    ring = live(service, vars: Published.vars(2))
    waited = @hand.waits
    assert_equal [Published.kid(2), [Published.kid(3), Published.kid(2)]], [ring.kid, ring.keys.map(&:kid)]
    @now += 4_199
    assert_equal Published.kid(2), ring.kid
    @now += 1
    assert_equal Published.kid(3), ring.kid
    assert_in_delta 3_600, waited, 0.01
    @now = at + 3_630
    service.answers = [304, {}, '']
    assert_in_delta 601, @hand.pass(4_000), 0.01
    @now = at + 4_231
    @hand.pass(4_000)
    assert_equal [2, 2, 3].map { |number| Published.kid(number) },
                 service.check_ins.map { |request| JSON.parse(request.body)['signs_with'] }
  end

  test 'the settle time counts from when the process first held the key that signs, whatever it is told of it later' do
    at = Published.rotated_at(2)
    @now = at + 60
    ring = live(service { |request| request.fields['if-none-match'] ? FakeService.keys(2, 'ETag' => '"other"') : FakeService.keys(2) },
                vars: Published.vars(2), settle: 600, started_at: at - 3_600)
    @hand.waits
    # The start of the process counts for the keys of its variables: it was long ago.
    assert_equal Published.kid(2), ring.kid
    hand = LiveRings::Hand.new
    taking = live(service { |request| FakeService.keys(2, 'ETag' => request.fields['if-none-match'] ? '"b"' : '"a"') },
                  vars: Published.vars(1), settle: 600, hand: hand)
    hand.waits
    @now += 599
    hand.pass(4_000)
    assert_equal [Published.kid(1), 2], [taking.kid, refresh_of(taking)[:taken]]
    @now += 1
    assert_equal Published.kid(2), taking.kid
  end

  test 'a key that the ring does not hold makes it ask at once, once in 30 seconds, also after a failure' do
    service = service(FakeService.keys(2))
    ring = live(service, settle: 0)
    wait = @hand.waits
    token = Securekey.keyring(env: Published.vars(3), settle: 0, now: -> { @now }).sign('x', purpose: 'p', expires_in: '1h')
    meet = lambda do |seconds|
      @hand.instance_variable_set(:@ticks, @hand.ticks + seconds)
      before = service.asked.size
      assert_equal 'unknown-key', ring.verify(token, purpose: 'p').reason
      wait = @hand.pass(0)
      service.asked.size - before
    end
    service.answers = [500, {}, '']
    assert_equal [1, 0], [meet.call(0), meet.call(0.5)]
    # The failure plans a request of its own; then there is none for an hour.
    service.answers = FakeService.keys(2)
    @hand.pass(wait)
    assert_equal [0, 1, 0, 1], [meet.call(27), meet.call(2), meet.call(29), meet.call(1)]
    ring.verify('sk1.nothing', purpose: 'p')
    assert_operator @hand.pass(0), :>, 3_000
    service.answers = FakeService.keys(3)
    @hand.pass(40)
    assert_equal 'unknown-key', ring.verify(token, purpose: 'p').reason
    @hand.pass(0)
    assert_predicate ring.verify(token, purpose: 'p'), :ok?
  end

  test 'an id that an app derives a key for makes it ask as well; a key that has ended, and what is no id, do not' do
    ended = JSON.parse(Published.vars(2)['SECURE_KEYRING'])
    ended['keys'] << { kid: Published.kid(0), version: 1, use: 'verify', until: Published.text(NOW - 1), key: Published.key(0) }
    service = service(FakeService.keys(2))
    ring = live(service, vars: Published.vars(2).merge('SECURE_KEYRING' => JSON.generate(ended)))
    service.answers = FakeService.given(Published.vars(2).merge('SECURE_KEYRING' => JSON.generate(ended)))
    @hand.waits
    @hand.pass(4_000)
    old = Securekey.keyring(env: Published.vars(1), settle: 0, now: -> { @now }).sign('x', purpose: 'p', expires_in: 60)
    token = old.sub(Published.kid(1), Published.kid(0))
    assert_equal 'unknown-key', ring.verify(token, purpose: 'p').reason
    [Published.kid(0), 'x', '', 7, "#{Published.kid(9)}\n"].each { |kid| refused('unknown-key') { ring.derive('p', kid: kid) } }
    @hand.pass(0)
    assert_equal 2, service.asked.size
    refused('unknown-key') { ring.derive('p', kid: Published.kid(9)) }
    @hand.pass(0)
    assert_equal 3, service.asked.size
  end

  test 'it does not ask early while a Retry-After lasts' do
    service = service([429, { 'Retry-After' => '600' }, ''])
    ring = live(service, chance: 0)
    assert_in_delta 600, @hand.waits, 0.01
    token = Securekey.keyring(env: Published.vars(4), settle: 0, now: -> { @now }).sign('x', purpose: 'p', expires_in: '1h')
    ring.verify(token, purpose: 'p')
    assert_in_delta 1, @hand.pass(599), 0.01
    ring.verify(token, purpose: 'p')
    assert_in_delta 1, @hand.pass(0), 0.01
    assert_equal 1, service.asked.size
  end

  test 'after each answer with keys it says with which key it signs, and nothing of what was verified' do
    service = service { |request| request.fields['if-none-match'] ? [304, {}, ''] : FakeService.keys(2) }
    ring = live(service, refresh: { app: 'my-app', process: 'web.1' })
    @hand.waits
    ring.verify(ring.sign('x', purpose: 'p', expires_in: 60), purpose: 'p')
    service.check_in_status = 500
    @hand.pass(4_000)
    service.answers = [500, {}, '']
    @hand.pass(4_000)
    assert_equal [1, 1, 1, 0], refresh_of(ring).values_at(:check_ins, :check_ins_failed, :failed, :unchanged).tap { |counts| counts[3] = 0 }
    assert_equal [{ 'app' => 'my-app', 'process' => 'web.1', 'signs_with' => Published.kid(2), 'version' => 3 }] * 2,
                 service.check_ins.map { |request| JSON.parse(request.body) }
    assert_equal ["Bearer #{TOKEN}", 'application/json'], service.check_ins[0].fields.values_at('authorization', 'content-type')
  end

  test 'with telemetry a check-in counts by kid what was verified since the last one that arrived' do
    service = service(FakeService.keys(2))
    ring = live(service, refresh: { telemetry: true }, settle: 0)
    @hand.waits
    verify = lambda do |good, bad|
      token = ring.sign('x', purpose: 'p', expires_in: 60)
      good.times { ring.verify(token, purpose: 'p') }
      bad.times { ring.verify(token, purpose: 'other') }
    end
    told = lambda do |status|
      service.check_in_status = status
      @hand.pass(4_000)
      JSON.parse(service.check_ins.last.body)['counts'].to_h { |count| [count['kid'], count.values_at('good', 'bad')] }
    end
    verify.call(3, 2)
    assert_equal({ Published.kid(2) => [3, 2], Published.kid(1) => [0, 0] }, told.call(500))
    verify.call(1, 0)
    assert_equal [4, 2], told.call(204)[Published.kid(2)]
    verify.call(0, 1)
    assert_equal [0, 1], told.call(204)[Published.kid(2)]
    service.answers = FakeService.keys(3)
    assert_equal({ Published.kid(3) => [0, 0], Published.kid(2) => [0, 0] }, told.call(204))
    assert_equal numbers(3, 2), ring.stats[:verified].keys
  end

  test 'whatever breaks in a turn costs five minutes, and not a request for each use of the ring' do
    service = service([500, {}, ''])
    ring = live(service, refresh: { random: -> { raise 'no' } })
    assert_in_delta 300, @hand.waits, 0.01
    5.times { ring.kid }
    assert_in_delta 300, @hand.pass(300), 0.01
    assert_equal 2, service.asked.size
  end
end
