# frozen_string_literal: true

require 'support/guarantees'
require 'support/rings'
require 'pp'
require 'yaml'

# What a ring promises to an app.
class KeyringTest < Guarantees
  include Rings

  test 'keys that cannot be used stop the app, by code, variable and place, and the text is not told' do
    first, second = Published.key(1), Published.key(2)
    [[nil, 'missing', nil], ['', 'missing', nil], [first, 'not-two-keys', nil], ["#{first},#{second},", 'not-two-keys', nil],
     [',', 'bad-key', 1], ["#{first}, #{second}", 'bad-key', 2], ["#{first.downcase},#{second}", 'bad-key', 1],
     ["#{first},#{second}\n", 'bad-key', 2], ["\n#{first},#{second}", 'bad-key', 1], ["#{first}:#{second}", 'not-two-keys', nil],
     ["#{first},#{first}", 'same-key-twice', 2], ["\xFF,#{second}", 'bad-key', 1]].each do |text, code, place|
      error = refused(code) { ring({ 'OTHER_KEY' => text }.compact, var: 'OTHER_KEY') }
      assert_equal ['OTHER_KEY', place], [error.variable, error.place]
      refute_match(/[0-9A-Fa-f]{16}/, error.full_message)
    end
  end

  test 'a keyring that cannot be used is ignored with one warning, and the app goes on with its two keys' do
    [[nil, 'keyring-missing'], ['', 'keyring-missing'], ['{', 'keyring-unreadable'], ['[]', 'keyring-unreadable'],
     ["/**/#{Published.vars(2)['SECURE_KEYRING']}", 'keyring-unreadable'], ['{"v":2}', 'keyring-other-form'], ["\xFF", 'keyring-unreadable'],
     ['[' * 4_000, 'keyring-unreadable'], [' ' * 8_193, 'keyring-unreadable'],
     [Published.vars(3)['SECURE_KEYRING'], 'keyring-other-keys']].each do |text, code|
      told = []
      vars = { 'SECURE_KEY' => Published.vars(2)['SECURE_KEY'], 'SECURE_KEYRING' => text }.compact
      ring = ring(vars, on_warning: ->(*warning) { told << warning })
      assert_equal [code], told.map(&:first), text.to_s[0, 40]
      refute_includes told.join, Published.key(3)
      assert_equal [%w[sign verify], [nil, nil]], [ring.keys.map(&:use), ring.keys.map(&:version)]
    end
  end

  test 'an app may do anything in on_warning and on_stale: the ring goes on' do
    ring = ring({ 'SECURE_KEY' => Published.vars(2)['SECURE_KEY'] }, on_warning: ->(*) { raise 'no' }, on_stale: ->(_) { raise 'no' })
    token = ring(Published.vars(4)).sign('x', purpose: 'p', expires_in: 60)
    assert_equal 'unknown-key', ring.verify(token, purpose: 'p').reason
  end

  test 'an option that is wrong is refused by its name' do
    { var: 'a b', value: 1, keyring_value: [], settle: 1.5, max_life: 'long', now: 3, started_at: 'x', on_warning: 1, on_stale: 1 }
      .each do |option, given|
      error = refused('bad-option') { Securekey.keyring(env: Published.vars(2), **{ on_warning: ->(*) {} }, option => given) }
      assert_equal option.to_s, error.place
    end
    [-1, 21_601, nil, '7h', true].each { |settle| refused('bad-option') { ring(settle: settle) } }
    assert ring(settle: 21_600)
    assert ring(settle: '10m')
  end

  test 'a value that is given stands for the variable, and no keyring is missed beside it' do
    told = []
    ring = Securekey.keyring(value: Published.vars(2)['SECURE_KEY'], env: {}, on_warning: ->(*warning) { told << warning })
    assert_equal [Published.kid(2), []], [ring.kid, told]
  end

  test 'a process that has just restarted signs with the second key, for as long as settle says' do
    at = Published.rotated_at(2)
    vars = Published.vars(2)
    starting = ->(now, **options) { ring(vars, now: now, started_at: at + 60, settle: 600, **options) }
    assert_equal Published.kid(1), starting.call(at + 60).kid
    assert_equal Published.kid(1), starting.call(at + 659).kid
    assert_equal Published.kid(2), starting.call(at + 660).kid
    assert_equal Published.kid(2), starting.call(at + 60, settle: 0).kid
    token = starting.call(at + 60).sign('x', purpose: 'p', expires_in: 60)
    assert_predicate ring(Published.vars(1), now: at + 60).verify(token, purpose: 'p'), :ok?
  end

  test 'a process does not sign with the second key after a revoke, without a keyring, late, early, or beyond its end' do
    at = Published.rotated_at(2)
    started = ->(vars, now: at + 60, **options) { ring(vars, now: now, started_at: now, settle: 600, **options) }
    assert_equal Published.kid(1), started.call(Published.vars(2)).kid
    assert_equal Published.kid(2), started.call(Published.vars(2, reason: 'revoke')).kid
    assert_equal Published.kid(2), started.call(Published.vars(2, reason: 'provision')).kid
    assert_equal Published.kid(900), started.call(Published.revoked(at: at)).kid
    assert_equal Published.kid(2), started.call(Published.vars(2).slice('SECURE_KEY')).kid
    assert_equal Published.kid(1), started.call(Published.vars(2), now: at + 6 * 3_600 - 1).kid
    assert_equal Published.kid(2), started.call(Published.vars(2), now: at + 6 * 3_600).kid
    assert_equal Published.kid(1), started.call(Published.vars(2), now: at - 300).kid
    assert_equal Published.kid(2), started.call(Published.vars(2), now: at - 301).kid
    ring = started.call(Published.vars(2))
    assert_equal Published.key(1), ring.secrets(life: Published::PERIOD - 60).first
    assert_equal Published.key(2), ring.secrets(life: Published::PERIOD - 59).first
  end

  test 'the list for a framework begins with the key that signs and ends with the next one' do
    assert_equal [2, 1, 3].map { |number| Published.key(number) }, ring(Published.vars(2, announced: true)).secrets
    at = Published.rotated_at(2)
    settling = ring(Published.vars(2, announced: true), now: at + 5, started_at: at, settle: 600)
    assert_equal [1, 2, 3].map { |number| Published.key(number) }, settling.secrets
    refused('bad-life') { ring.secrets(life: 'long') }
  end

  test 'a derived key is one for its purpose and its key, and odd ones are refused by code' do
    assert_equal 32, ring.derive('cache').bytesize
    refute_equal ring.derive('cache'), ring.derive('cache2')
    assert_equal ring(Published.vars(1)).derive('cache'), ring.derive('cache', kid: Published.kid(1))
    refused('bad-purpose') { ring.derive('', length: 1) }
    [15, 65, 16.5, nil, '32'].each { |length| refused('bad-length') { ring.derive('cache', length: length) } }
    refused('unknown-key') { ring.derive('cache', kid: Published.kid(9)) }
  end

  test 'HKDF is that of RFC 5869' do
    # Its test case 3 has another length of key; this value was made with the HKDF of node:crypto.
    ring = Securekey.keyring(value: "#{'A' * 64},#{'B' * 64}")
    assert_equal '5013feff57133537249a9a08683554bff106afc308865dca1d13b8dd295fa681', ring.derive('x').unpack1('H*')
  end

  test 'stats count by kids of the ring and by reason, and no stranger adds a line to them' do
    ring = self.ring
    ring.verify(ring.sign('x', purpose: 'p', expires_in: 60), purpose: 'p')
    (4..40).each { |number| ring.verify(ring(Published.vars(number)).sign('x', purpose: 'p', expires_in: 60), purpose: 'p') }
    ring.verify('x', purpose: 'p')
    assert_equal [{ Published.kid(2) => 1, Published.kid(1) => 0 }] * 2, ring.stats.values_at(:signed, :verified)
    assert_equal [37, 1, 0], ring.stats[:refused].values_at('unknown-key', 'malformed', 'expired')
    assert_equal 5, ring.stats[:refused].size
  end

  test 'on_stale is told of an unknown kid, at most once in 30 seconds, and never of a malformed token' do
    told = []
    now = NOW
    ring = Securekey.keyring(env: Published.vars(2), now: -> { now }, on_stale: ->(kid) { told << kid })
    token = ring(Published.vars(4)).sign('x', purpose: 'p', expires_in: '1h')
    ring.verify('sk1.00000000.x', purpose: 'p')
    [0, 10, 29.9, 30, 31].each { |later| (now = NOW + later) && ring.verify(token, purpose: 'p') }
    assert_equal [Published.kid(4)] * 2, told
  end

  test 'a ring can be used by many threads and in forked workers' do
    ring = self.ring
    token = ring.sign('x', purpose: 'p', expires_in: 60)
    threads = Array.new(8) { Thread.new { 50.times { ring.verify(token, purpose: 'p') } } }
    threads.each(&:join)
    assert_equal 400, ring.stats[:verified][Published.kid(2)]
    reader, writer = IO.pipe
    pid = fork { writer.write(ring.verify(token, purpose: 'p').ok?) && exit!(0) }
    writer.close
    Process.wait(pid)
    assert_equal 'true', reader.read
  end

  test 'nothing that prints, dumps or walks over a ring shows a key' do
    ring = ring(Published.vars(2, announced: true))
    ring.sign('x', purpose: 'p', expires_in: 60)
    shown = [ring.inspect, ring.to_s, ring.to_json, JSON.generate(ring), PP.pp(ring, +''), YAML.dump(ring), ring.as_json.inspect,
             ring.keys.inspect, walked(ring)].join
    [1, 2, 3].each do |number|
      refute_includes shown.upcase, Published.key(number)
      refute_includes shown, [Published.key(number)].pack('H*').inspect[1..-2]
      assert_includes shown, Published.kid(number)
    end
    assert_raises(TypeError) { Marshal.dump(ring) }
  end

  # Every field of every object that can be reached, as a debugger's page would show it.
  def walked(object, seen = {}.compare_by_identity)
    return '' if seen[object]

    seen[object] = true
    inner = object.instance_variables.map { |name| object.instance_variable_get(name) }
    inner += object.to_a if object.is_a?(Array) || object.is_a?(Struct)
    inner += object.to_a.flatten if object.is_a?(Hash)
    "#{object.inspect} #{inner.map { |one| walked(one, seen) }.join(' ')}"
  end
end
