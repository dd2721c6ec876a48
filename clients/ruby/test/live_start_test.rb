# frozen_string_literal: true

require 'support/guarantees'
require 'support/live_rings'

# What an app must say for live pick-up, and what it is told if it does not.
class LiveStartTest < Guarantees
  include LiveRings

  def start(refresh, vars = {}, **options)
    ring = Securekey.keyring(env: Published.vars(2).merge(vars), refresh: refresh, **options)
    @rings << ring
    ring
  end

  test 'without an address and a token the app does not start, and the error names the variable and never its text' do
    good = { 'SECURE_KEY_URL' => 'http://127.0.0.1:1/v1', 'SECURE_KEY_TOKEN' => TOKEN }
    { {} => %w[missing SECURE_KEY_URL], good.slice('SECURE_KEY_URL') => %w[missing SECURE_KEY_TOKEN],
      good.merge('SECURE_KEY_URL' => '', 'SECURE_KEY_TOKEN' => 'x') => %w[missing SECURE_KEY_URL],
      good.merge('SECURE_KEY_URL' => 'http://secret.example/v1', 'SECURE_KEY_TOKEN' => 'x') => %w[bad-url SECURE_KEY_URL],
      good.merge('SECURE_KEY_TOKEN' => 'sk_secret ') => %w[bad-token SECURE_KEY_TOKEN] }.each do |vars, (code, variable)|
      error = refused(code) { start(true, vars) }
      assert_equal variable, error.variable
      refute_includes error.message, 'secret'
    end
    refused('bad-key') { start(true, { 'SECURE_KEY' => 'a,b' }) }
    assert_equal 'url', refused('bad-url') { start({ url: 'ftp://secret' }, good) }.place
    assert_equal 'OTHER_URL', refused('missing') { start(true, { 'OTHER' => Published.vars(2)['SECURE_KEY'] }.merge(good), var: 'OTHER', on_warning: ->(*) {}) }.variable
  end

  test 'an address is https and ends with /v1; http is for this machine alone' do
    take = ->(url) { start({ url: url, token: TOKEN, fetch: ->(*) { raise 'no' } }) }
    ['https://securekey.example/v1', 'https://a.example:8443/v1/', 'https://[::1]/v1', 'https://a.example/one/two/v1',
     'http://localhost:3000/v1', 'http://127.0.0.1/v1', 'http://[::1]:80/v1'].each { |url| assert take.call(url), url }
    ['http://a.example/v1', 'http://localhost.example/v1', 'http://127.0.0.1.example/v1', 'http://127.0.0.1@a.example/v1', 'https://a@b/v1',
     'https://a:b@c/v1', 'https://a/v1?', 'https://a/v1?x', 'https://a/v1#', 'https://a/v1//', 'https://a/v2', 'https://a', 'https:///v1',
     'https://a/v1 ', "https://a/v1\n", 'https://a:99999/v1', 'https://a/%2e/v1', 'ftp://a/v1', 'a/v1', '//a/v1', "https://\xFF/v1", 7,
     :url].each { |url| refused('bad-url') { take.call(url) } }
  end

  test 'other options are checked, an unknown one is refused, and odd names of the environment count as none' do
    given = { url: 'http://127.0.0.1:1/v1', token: TOKEN }
    [7, 'yes', [], { odd: 1 }, { 1 => 2 }].each { |refresh| assert_equal 'refresh', refused('bad-option') { start(refresh) }.place }
    ['', 'x' * 65, "a\nb", 'é', 7].each { |name| assert_equal 'app', refused('bad-option') { start(given.merge(app: name)) }.place }
    ['sk_', 'sk_a b', "sk_a\n", 'sk_é', 'tk_a', "sk_#{'a' * 201}", 1].each { |token| refused('bad-token') { start(given.merge(token: token)) } }
    service = service(FakeService.keys(2))
    start({ url: service.url, token: TOKEN }, { 'HEROKU_APP_NAME' => 'x' * 65, 'DYNO' => 'web.3' })
    Timeout.timeout(LIMIT_SECONDS) { Thread.pass until service.check_ins.any? }
    assert_equal [nil, "web.3/#{Process.pid}"], JSON.parse(service.check_ins[0].body).values_at('app', 'process')
    assert_nil start(false).stats[:refresh]
    assert_equal start(nil), Securekey.keyring(env: Published.vars(2)).ready.then { @rings.last }
  end
end
