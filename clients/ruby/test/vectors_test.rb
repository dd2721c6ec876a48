# frozen_string_literal: true

require 'support/guarantees'
require 'securekey'

# Every entry of clients/vectors/securekey-vectors.json is a test.
class VectorsTest < Guarantees
  VECTORS = JSON.parse(File.read(File.expand_path('../../vectors/securekey-vectors.json', __dir__)))
  TEXTS = VECTORS['keys'].to_h { |key| [key['name'], key['text']] }
  KIDS = VECTORS['keys'].to_h { |key| [key['text'], key['kid']] }
  STATES = VECTORS['states'].to_h { |state| [state['name'], state] }

  # What cannot be written down in JSON.
  def self.argument(value)
    case value
    in { half: text } then "#{text}\xED\xA0\xBD"
    in { number: 'NaN' } then Float::NAN
    in { number: text } then text.start_with?('-') ? -Float::INFINITY : Float::INFINITY
    in { repeat: text, times: } then text * times
    else value.is_a?(Hash) ? value.transform_keys(&:to_s) : value
    end
  end

  def self.read(entry, name)
    given = entry[name]
    argument(given.is_a?(Hash) ? given.transform_keys(&:to_sym) : given)
  end

  def self.vector(list, entry, &block)
    test("#{list}: #{entry['name']}", &block)
  end

  def ring(entry, told = [], now: entry['now'])
    env = { 'SECURE_KEY' => entry['secure_key'], 'SECURE_KEYRING' => entry['secure_keyring'] }.compact
    clock = -> { Rational(now || 0, 1000) }
    Securekey.keyring(env: env, settle: entry['settle'] || 600, max_life: entry['max_life'], now: clock,
                      started_at: Rational(entry['started_at'] || 0, 1000), on_warning: ->(code, _) { told << code })
  end

  def shown(ring)
    ring.keys.map { |key| { 'kid' => key.kid, 'use' => key.use, 'version' => key.version, 'until' => key.until&.iso8601(3) } }
  end

  # What the block returns, or the code of the error.
  def outcome
    { value: yield }
  rescue Securekey::Error => e
    { error: e.code }
  end

  def expected(entry, field)
    entry.key?('error') ? { error: entry['error'] } : { value: entry[field] }
  end

  test 'the format is the one that these tests read' do
    assert_equal 'securekey-vectors/1', VECTORS['format']
  end

  VECTORS['keys'].each do |entry|
    vector('keys', entry) { assert_equal entry['kid'], Digest::SHA256.hexdigest(entry['text'])[0, 8] }
  end

  VECTORS['values'].each do |entry|
    vector('values', entry) do
      if entry['error']
        error = refused(entry['error']) { ring(entry) }
        assert_equal entry['place'].inspect, error.place.inspect
      else
        assert_equal entry['keys'], ring(entry).keys.map(&:kid)
      end
    end
  end

  VECTORS['keyrings'].each do |entry|
    vector('keyrings', entry) do
      ring = ring(entry, told = [])
      assert_equal [entry['warning']].compact, told
      if entry['warning'].nil?
        assert_equal entry['keys'], shown(ring)
        assert_equal entry['good_for'] || 43_200, ring.guaranteed_life
      end
    end
  end

  VECTORS['states'].each do |entry|
    vector('states', entry) do
      ring = ring(entry, told = [])
      assert_equal [entry['warning']].compact, told
      assert_equal entry['keys'], shown(ring)
      assert_equal [entry['guaranteed_life'], entry['signing']], [ring.guaranteed_life, ring.kid]
      assert_equal entry['accepted'].sort, ring.secrets.map { |text| KIDS.fetch(text) }.sort
      entry['lists'].each do |list|
        assert_equal list['kids'], ring.secrets(life: list['life']).map { |text| KIDS.fetch(text) }
      end
    end
  end

  VECTORS['derived'].each do |entry|
    vector('derived', entry) do
      other = TEXTS.values.find { |text| text != TEXTS[entry['key']] }
      ring = Securekey.keyring(value: "#{TEXTS.fetch(entry['key'])},#{other}")
      made = outcome { ring.derive(VectorsTest.read(entry, 'purpose'), length: VectorsTest.read(entry, 'length')).unpack1('H*') }
      assert_equal expected(entry, 'bytes'), made
    end
  end

  VECTORS['signed'].each do |entry|
    vector('signed', entry) do
      ring = ring(STATES.fetch(entry['state']), now: entry['now'])
      purpose, text, life = %w[purpose text expires_in].map { |name| VectorsTest.read(entry, name) }
      assert_equal expected(entry, 'token'), outcome { ring.sign(text, purpose: purpose, expires_in: life) }
    end
  end

  VECTORS['tokens'].each do |entry|
    vector('tokens', entry) do
      verdict = ring(STATES.fetch(entry['state']), now: entry['now'])
                .verify(VectorsTest.read(entry, 'token'), purpose: VectorsTest.read(entry, 'purpose'))
      wanted = %w[reason text kid expires_at renew].map { |field| entry[field].inspect }
      assert_equal wanted, verdict.to_h.values_at(:reason, :text, :kid, :expires_at, :renew).map(&:inspect)
    end
  end

  test 'no entry of any list is left out' do
    lists = VECTORS.select { |_, value| value.is_a?(Array) }
    assert_equal lists.sum { |_, list| list.size }, self.class.titles.size - 2
  end
end
