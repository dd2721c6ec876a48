# frozen_string_literal: true

require 'support/guarantees'
require 'support/rings'

# What a ring signs and verifies.
class TokenTest < Guarantees
  include Rings

  test 'a text that was signed is returned by verify, with its key, its end and no word of renewal' do
    verdict = ring.verify(ring.sign('grüße', purpose: 'login', expires_in: '12h'), purpose: 'login')
    assert_predicate verdict, :ok?
    assert_equal ['grüße', Published.kid(2), NOW + 43_200], [verdict.text, verdict.kid, verdict.expires_at]
    refute_predicate verdict, :renew?
    assert_predicate verdict, :frozen?
    assert_predicate verdict.text, :frozen?
  end

  test 'a text signed before a rotation is accepted after it and is to be renewed, and is refused after two' do
    token = ring(Published.vars(1)).sign('x', purpose: 'login', expires_in: '7d')
    verdict = ring.verify(token, purpose: 'login')
    assert_equal [true, true], [verdict.ok?, verdict.renew?]
    assert_equal 'unknown-key', ring(Published.vars(3)).verify(token, purpose: 'login').reason
    assert_equal 'unknown-key', ring(Published.revoked).verify(token, purpose: 'login').reason
  end

  test 'a process that knows the next key accepts what it will sign, and does not ask to renew it' do
    token = ring(Published.vars(3)).sign('x', purpose: 'login', expires_in: '7d')
    verdict = ring(Published.vars(2, announced: true)).verify(token, purpose: 'login')
    assert_equal [true, false], [verdict.ok?, verdict.renew?]
  end

  test 'nothing that can be given to verify raises, and nothing but a token of ours is accepted' do
    token = ring.sign('x', purpose: 'login', expires_in: '1h')
    shouting = Class.new(String) { def to_s = raise('no') }
    odd = [nil, true, 0, 1.5, :"#{token}", [], [token], {}, { token => 1 }, Object.new, BasicObject.new, Class, '', '.', '....',
           "#{token}\n", " #{token}", token.encode('UTF-16LE'), token.dup.force_encoding('UTF-16LE'), "\xFF", "sk1.\0",
           token * 200, token.upcase, token.tr('.', ','), "#{token}=", token.sub('sk1', 'sk2'), shouting.new('a'), Float::NAN]
    odd.each do |given|
      [given, 'login', nil].each do |purpose|
        refute_predicate ring.verify(given, purpose: purpose), :ok?
        refute_predicate ring.verify(token, purpose: given), :ok? unless given.equal?(purpose) && given == 'login'
      end
    end
  end

  test 'no token with one character changed, added or left out is accepted' do
    ring = self.ring
    token = ring.sign('ab', purpose: 'login', expires_in: '1h')
    token.each_char.with_index do |char, at|
      others = %w[A b 9 - _ . =] - [char]
      changed = others.map { |other| token.dup.tap { |copy| copy[at] = other } }
      changed += ["#{token[0, at]}#{token[at + 1..]}", "#{token[0, at]}A#{token[at..]}"]
      changed.each { |other| refute_predicate ring.verify(other, purpose: 'login'), :ok? unless other == token }
    end
  end

  test 'a token is good for its own purpose alone' do
    token = ring.sign('x', purpose: 'login', expires_in: '1h')
    assert_equal 'bad-mac', ring.verify(token, purpose: 'reset').reason
  end

  test 'no token made of a derived key is accepted' do
    key = ring.derive('sk1/login')
    signed = ring.sign('x', purpose: 'login', expires_in: '1h').rpartition('.').first
    mac = [OpenSSL::HMAC.digest('SHA256', key, signed)].pack('m0').tr('+/', '-_').delete('=')
    assert_equal 'bad-mac', ring.verify("#{signed}.#{mac}", purpose: 'login').reason
  end

  test 'a token ends in the second that it names' do
    token = ring.sign('x', purpose: 'login', expires_in: 10)
    assert_predicate ring(now: NOW + 9.999).verify(token, purpose: 'login'), :ok?
    assert_equal 'expired', ring(now: NOW + 10).verify(token, purpose: 'login').reason
  end

  test 'a life longer than the ring guarantees is refused, and the message says both' do
    error = refused('life-too-long') { ring.sign('x', purpose: 'login', expires_in: '8d') }
    assert_includes error.message, '691200'
    assert_includes error.message, '604800'
    assert_equal 604_800, ring.guaranteed_life
    assert_equal 43_200, ring(Published.vars(2).slice('SECURE_KEY')).guaranteed_life
    assert_equal 3_600, ring(max_life: '1h').guaranteed_life
    assert_equal 604_800, ring(max_life: '30d').guaranteed_life
    assert_equal 2_592_000, ring(Published.vars(2).slice('SECURE_KEY'), max_life: '30d').guaranteed_life
  end

  test 'what sign refuses has a code for each reason, in one order' do
    refused('bad-purpose') { ring.sign(nil, purpose: 'a b', expires_in: 0) }
    refused('bad-purpose') { ring.sign('x', expires_in: 1) }
    refused('bad-text') { ring.sign(nil, purpose: 'p', expires_in: 0) }
    refused('bad-text') { ring.sign("half\xED\xA0\xBD", purpose: 'p', expires_in: 0) }
    refused('bad-text') { ring.sign(:symbol, purpose: 'p', expires_in: 0) }
    refused('text-too-long') { ring.sign('x' * 8_193, purpose: 'p', expires_in: 0) }
    [nil, 0, -1, 1.5, '7 d', '', 'd', '0s', '1234567s', "1h\n", Float::INFINITY, [], Time.now, true].each do |life|
      refused('bad-life') { ring.sign('x', purpose: 'p', expires_in: life) }
    end
  end

  test 'a text in another encoding is signed as the same Unicode text' do
    [['é'.encode('ISO-8859-1'), 'é'], ['é'.encode('UTF-16LE'), 'é'], ['é'.b, 'é'], ['a'.encode('US-ASCII'), 'a']].each do |given, text|
      verdict = ring.verify(ring.sign(given, purpose: 'p', expires_in: 60), purpose: 'p')
      assert_equal [text, Encoding::UTF_8], [verdict.text, verdict.text.encoding]
    end
  end
end
