# frozen_string_literal: true

require 'support/guarantees'
require 'support/live_rings'

# What each answer of the service does to a ring that asks it.
class LiveAnswersTest < Guarantees
  include LiveRings

  NONE = { taken: 0, unchanged: 0, failed: 0, check_ins: 0, check_ins_failed: 0, in_a_row: 0, failure: nil, stopped: nil }.freeze

  # A ring that has asked once, and was answered so.
  def asked(answer = nil, **options, &block)
    live(service(answer, &block), **options).tap { @hand.waits }
  end

  def assert_failed(word, ring)
    assert_equal ['failing', word, 1], refresh_of(ring).values_at(:state, :failure, :failed), word
    assert_equal numbers(2, 1), accepted(ring), word
  end

  test 'it asks with its token, for JSON as it is, and then says which keys it has' do
    service = service(FakeService.keys(2))
    live(service)
    @hand.pass(@hand.waits)
    first, second = service.asked
    assert_equal %w[GET /v1/keyring], first.to_a.first(2)
    assert_equal ["Bearer #{TOKEN}", 'application/json', 'identity', nil],
                 first.fields.values_at('authorization', 'accept', 'accept-encoding', 'if-none-match')
    assert_equal '"2"', second.fields['if-none-match']
  end

  test 'an odd tag is not sent back, and one of two hundred characters is' do
    good = ['"a!#~/\\{"', 'W/"1"', '""', "\"#{'x' * 200}\""]
    odd = ['no-quotes', '"a"b"', "\"\u00e9\"", "\"#{'x' * 201}\"", '"a", "b"', '"a b"', '']
    (good + odd).each do |tag|
      hand = LiveRings::Hand.new
      service = service(FakeService.keys(2, 'ETag' => tag))
      live(service, hand: hand)
      hand.pass(hand.waits)
      assert_equal [nil, (tag if good.include?(tag))], service.asked.map { |request| request.fields['if-none-match'] }
    end
  end

  test 'new keys are taken as a whole: what they sign is accepted, the previous key too, and the one before no more' do
    old = Published.vars(1)
    tokens = [1, 2, 3].map { |number| Securekey.keyring(env: Published.vars(number), now: -> { @now }, settle: 0).sign('x', purpose: 'p', expires_in: 60) }
    ring = asked(FakeService.keys(3), vars: Published.vars(2), settle: 0)
    assert_equal numbers(3, 2), accepted(ring)
    assert_equal ['unknown-key', nil, nil], tokens.map { |token| ring.verify(token, purpose: 'p').reason }
    assert_equal({ state: 'fresh', **NONE, taken: 1, check_ins: 1 }, refresh_of(ring))
    assert_equal [[:changed, Published.kid(3), 'scheduled']], @told
    refute_equal old, ring.keys
  end

  test '304 leaves everything as it is, for ever, and without a tag that was sent it is a failure' do
    count = 0
    ring = asked { (count += 1) == 1 ? FakeService.keys(2) : [304, { 'Refresh-After' => '60' }, ''] }
    8.times { assert_in_delta 60, @hand.pass(4_000), 0.01 }
    assert_equal [8, 0, 'fresh'], refresh_of(ring).values_at(:unchanged, :failed, :state)
    assert_failed 'not-asked', other = live(service([304, {}, '']), hand: hand = LiveRings::Hand.new).tap { hand.waits }
    assert_empty other.stats[:refresh].slice(:stopped).compact
  end

  test '401 and 410 are the end: it asks no more, keeps its keys, and tells once' do
    { 401 => 'unauthenticated', 410 => 'resource-gone' }.each do |status, code|
      @told.clear
      service = service(FakeService.problem(status, code))
      ring = live(service, hand: nil).ready
      assert_equal ['stopped', code], refresh_of(ring).values_at(:state, :stopped)
      ring.verify(Securekey.keyring(env: Published.vars(5), now: -> { @now }).sign('x', purpose: 'p', expires_in: 60), purpose: 'p')
      assert_equal numbers(2, 1), accepted(ring)
      Timeout.timeout(LIMIT_SECONDS) { Thread.pass until @told.size == 2 }
      assert_equal [[:warning, 'refresh-stopped'], [:stopped, code]], @told.map { |told| told.first(2) }
      assert_equal [1, 0], [service.asked.size, service.check_ins.size]
    end
  end

  test 'what is no answer, or none that can be true, changes nothing and has a word' do
    vars = Published.vars(3)
    swapped = ->(fields) { FakeService.given(vars.merge(fields)) }
    plain = FakeService.keys(3)
    with = ->(fields) { [200, plain[1].merge(fields), plain[2]] }
    {
      'redirected' => [[302, { 'Location' => '/v1/other' }, ''], [300, {}, '']],
      'too-many-requests' => [[429, {}, '']],
      'refused' => [[400, {}, ''], [403, {}, ''], [404, {}, 'x' * 100_000]],
      'server-error' => [[500, {}, ''], [503, {}, 'no JSON'], [503, { 'Content-Type' => 'text/html' }, FakeService::REVOKED[2]],
                         [503, { 'Content-Type' => 'application/json' }, '[]'], [204, {}, nil], [206, plain[1], plain[2]]],
      'too-large' => [[200, plain[1], "#{plain[2]}#{' ' * 65_536}"]],
      'unreadable' => [[200, {}, plain[2]], with.call('Content-Type' => 'text/html'), with.call('Content-Encoding' => 'gzip'),
                       [200, plain[1], "\xFF"], [200, plain[1], '[]'], [200, plain[1], '{}'], [200, plain[1], '[' * 5_000],
                       swapped.call('SECURE_KEY' => Published.key(3)), swapped.call('SECURE_KEY' => "#{Published.key(3)}, #{Published.key(2)}"),
                       swapped.call('SECURE_KEYRING' => ''), swapped.call('SECURE_KEYRING' => Published.vars(4)['SECURE_KEYRING'])],
      'older' => [FakeService.keys(1)],
      'other-key' => [FakeService.given(impostor)]
    }.each do |word, answers|
      answers.each do |answer|
        hand = LiveRings::Hand.new
        ring = live(service(answer), hand: hand)
        hand.waits
        assert_failed word, ring
      end
    end
    assert_empty @told
  end

  # The versions of the ring that is held, with other keys: one for the one that signs, or two.
  def impostor(second = 1)
    keyring = JSON.parse(Published.vars(2)['SECURE_KEYRING'])
    [700, second].each_with_index { |number, at| keyring['keys'][at]['kid'] = Published.kid(number) }
    { 'SECURE_KEY' => "#{Published.key(700)},#{Published.key(second)}", 'SECURE_KEYRING' => JSON.generate(keyring) }
  end

  test 'a connection that breaks, and an address where nobody listens, are failures' do
    cut = ->(text) { ->(socket) { socket.write(text) } }
    head = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
    [cut.call(''), cut.call('HTTP'), cut.call("no HTTP at all\r\n\r\n"), cut.call("#{head}Content-Length: 500\r\n\r\n{"),
     cut.call("#{head}Transfer-Encoding: chunked\r\n\r\n5\r\n{"), cut.call("#{head}Transfer-Encoding: chunked\r\n\r\nzz\r\n")].each do |broken|
      hand = LiveRings::Hand.new
      ring = live(service(->(_) { broken }), hand: hand)
      hand.waits
      assert_failed 'unreachable', ring
    end
    gone = service.tap(&:close)
    ring = live(gone.instance_variable_get(:@server).closed? ? 'http://127.0.0.1:1/v1' : gone)
    @hand.waits
    assert_failed 'unreachable', ring
  end

  test 'an answer without an end is read no further than 65,536 bytes, its head no further than twice that' do
    sent = 0
    flood = lambda do |start|
      lambda do |socket|
        socket.write(start)
        # A reader that has gone makes it fail.
        100_000.times { sent += socket.write('x' * 16_384) }
      end
    end
    head = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
    { "#{head}\r\n" => 'too-large', "#{head}Content-Length: 999999999\r\n\r\n" => 'too-large', "#{head}X-Long: " => 'unreachable',
      'HTTP/1.1 200 ' => 'unreachable' }.each do |start, word|
      sent = 0
      hand = LiveRings::Hand.new
      ring = live(service(->(_) { flood.call(start) }), hand: hand)
      hand.waits
      assert_failed word, ring
      assert_operator sent, :<, 32 * 1024 * 1024
    end
  end

  test 'a ring without a keyring takes any version, and judges the next answer by what it took' do
    service = service(FakeService.keys(3))
    ring = live(service, vars: Published.vars(4).slice('SECURE_KEY'), settle: 0)
    @hand.waits
    assert_equal numbers(3, 2), accepted(ring)
    service.answers = FakeService.keys(2)
    @hand.pass(4_000)
    assert_equal ['failing', 'older'], refresh_of(ring).values_at(:state, :failure)
  end

  test 'revoked keys are accepted no more, the ring goes on with a key that nobody has, and takes the successors' do
    service = service(FakeService.keys(2))
    ring = live(service)
    @hand.waits
    token = ring.sign('x', purpose: 'p', expires_in: 60)
    service.answers = FakeService::REVOKED
    assert_in_delta 10.5, @hand.pass(4_000), 0.01
    kids = accepted(ring)
    assert_equal [1, []], [kids.size, kids & numbers(1, 2)]
    assert_equal 'unknown-key', ring.verify(token, purpose: 'p').reason
    assert_predicate ring.verify(ring.sign('y', purpose: 'p', expires_in: '7d'), purpose: 'p'), :ok?
    assert_equal [['sign', nil, nil]], ring.keys.map { |key| key.to_a.values_at(1, 2, 3) }
    assert_equal ['revoke', nil, nil, 604_800], [ring.reason, ring.rotated_at, ring.next_rotation_at, ring.guaranteed_life]
    # The revoked keys never come back, whoever offers them, and the stand-in stays the same.
    [FakeService.keys(2), FakeService::REVOKED, FakeService.keys(3), FakeService.given(impostor(701)), FakeService::REVOKED].each do |answer|
      service.answers = answer
      @hand.pass(4_000)
      assert_equal ['revoked', kids], [refresh_of(ring)[:state], accepted(ring)]
    end
    assert_nil service.asked.last.fields['if-none-match']
    service.answers = FakeService.given(Published.revoked)
    @hand.pass(4_000)
    assert_equal ['fresh', numbers(900, 901)], [refresh_of(ring)[:state], accepted(ring)]
    assert_equal [[:warning, 'refresh-revoked'], [:changed, kids.first], [:changed, Published.kid(900)]], @told.map { |told| told.first(2) }
  end

  test 'failures never take a key away, are told at the third in a row, and once' do
    service = service([500, {}, ''])
    ring = live(service)
    @hand.waits
    11.times { @hand.pass(4_000) }
    assert_equal [12, 12, 'failing'], refresh_of(ring).values_at(:failed, :in_a_row, :state)
    assert_equal numbers(2, 1), accepted(ring)
    service.answers = FakeService.keys(2)
    @hand.pass(4_000)
    assert_equal [0, nil, 'fresh'], refresh_of(ring).values_at(:in_a_row, :failure, :state)
    service.answers = [500, {}, '']
    3.times { @hand.pass(4_000) }
    assert_equal ['refresh-failing'] * 2, @told.map { |told| told[1] }
    assert_includes @told.first.last, 'server-error'
  end

  test 'nothing that is told, shown or counted has a key, the token or the address' do
    service = service(FakeService.keys(3))
    ring = live(service)
    @hand.waits
    answers = [FakeService::REVOKED, [500, {}, ''], [500, {}, ''], [500, {}, ''], FakeService.given(Published.revoked)]
    answers.each { |answer| (service.answers = answer) && @hand.pass(4_000) }
    shown = [@told.inspect, ring.inspect, ring.to_json, ring.stats.inspect, walked(ring)].join
    [Published.key(2), Published.key(3), Published.key(900), TOKEN].each { |secret| refute_includes shown, secret, shown[/.{200}#{secret}.{80}/] }
    refute_includes @told.inspect + ring.stats.inspect, '127.0.0.1'
  end

  # Every field of every object that can be reached, as a debugger's page would show it.
  def walked(object, seen = {}.compare_by_identity)
    return '' if seen[object] || object.is_a?(Thread)

    seen[object] = true
    inner = object.instance_variables.map { |name| object.instance_variable_get(name) }
    inner += object.to_a if object.is_a?(Array) || object.is_a?(Struct)
    inner += object.to_a.flatten if object.is_a?(Hash)
    "#{object.inspect} #{inner.map { |one| walked(one, seen) }.join(' ')}"
  end

  test 'a redirect is not followed, and nothing is tried twice' do
    other = service(FakeService.keys(3))
    service = service([307, { 'Location' => "#{other.url}/keyring" }, ''])
    assert_equal 'redirected', refresh_of(live(service, hand: nil).ready)[:failure]
    reset = service { |_| ->(socket) { socket.close } }
    live(reset)
    @hand.waits
    assert_equal [0, 1, 1], [other.asked.size, service.asked.size, reset.asked.size]
  end
end
