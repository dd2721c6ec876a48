# frozen_string_literal: true

require 'support/guarantees'
require 'support/published'

# What a ring promises when what is around it is odd: the clock, signals, and what an app takes for options.
class SurroundingsTest < Guarantees
  AT = Published.rotated_at(2) + 60

  def ring(now: -> { AT }, **options)
    Securekey.keyring(env: Published.vars(2), now: now, started_at: AT, on_warning: ->(*) {}, **{ settle: 0 }.merge(options))
  end

  test 'the settle time stays off where the clock is put back behind the start of the process' do
    put_back = ring(now: -> { AT - 20 })
    assert_equal [Published.kid(2), Published.key(2)], [put_back.kid, put_back.secrets.first]
    assert_equal Published.kid(1), ring(now: -> { AT - 20 }, settle: 600).kid
  end

  test 'without a time nothing is signed and nothing passes' do
    token = ring.sign('x', purpose: 'p', expires_in: 60)
    [Float::NAN, Float::INFINITY, nil, '12', 10**400, -1, 10**11].each do |time|
      by = ring(now: -> { time })
      assert_equal 'expired', by.verify(token, purpose: 'p').reason
      [-> { by.sign('x', purpose: 'p', expires_in: 60) }, -> { by.derive('p') }, -> { by.secrets }].each do |call|
        refused('bad-option', &call)
      end
    end
    assert_equal 'expired', ring(now: -> { raise 'no clock' }).verify(token, purpose: 'p').reason
  end

  test 'a signal that comes while something is counted can sign, verify and ask for the numbers' do
    ring = self.ring
    told = nil
    before = trap('USR1') do
      token = ring.sign('x', purpose: 'p', expires_in: 60)
      told = [ring.verify(token, purpose: 'p').ok?, ring.stats[:verified][Published.kid(2)]]
    rescue ThreadError => e
      told = e
    end
    Process.kill('USR1', Process.pid)
    100.times { told || Thread.pass }
    assert_equal [true, 1], told
  ensure
    trap('USR1', before || 'DEFAULT')
  end

  test 'an option of another kind is refused by its name, whatever it is' do
    odd = { var: ['SECURE_KEY'.encode('UTF-16LE'), "\xFF", 'SECURE_KEY '.b], env: [nil, 17, [], 'SECURE_KEY', Object.new] }
    odd.each do |option, values|
      values.each do |given|
        error = refused('bad-option') { Securekey.keyring(**{ env: Published.vars(2), option => given }) }
        assert_equal option.to_s, error.place
      end
    end
  end

  test 'the reason of a rotation is shown as forty printable characters at most' do
    { 'revoke' => 'revoke', "a\n\e[2Jé" => 'a??[2J?', 'x' * 5_000 => 'x' * 40, '' => '' }.each do |given, shown|
      told = []
      assert_equal shown, Securekey.keyring(env: Published.vars(2, reason: given), on_warning: ->(*one) { told << one }).reason
      assert_empty told
    end
  end

  test 'a key is named by its id alone, and not by what says to be equal to it' do
    same = Object.new
    def same.to_str = ''
    def same.==(_other) = true
    refused('unknown-key') { ring.derive('p', kid: same) }
    assert_equal ring.derive('p'), ring.derive('p', kid: Published.kid(2).encode('ISO-8859-1'))
  end
end
