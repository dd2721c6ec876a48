# frozen_string_literal: true

require 'support/guarantees'
require 'support/published'
require 'support/fake_service'
require 'open3'
require 'rbconfig'

# What the program `securekey` tells an operator.
class CheckTest < Guarantees
  PROGRAM = File.expand_path('../exe/securekey', __dir__)
  LIBRARY = File.expand_path('../lib', __dir__)

  def check(vars, *arguments)
    none = { 'SECURE_KEY' => nil, 'SECURE_KEYRING' => nil, 'SECURE_KEY_URL' => nil, 'SECURE_KEY_TOKEN' => nil }
    out, err, status = Open3.capture3({ **none, **vars }, RbConfig.ruby, '-I', LIBRARY, PROGRAM, *arguments)
    [out, err, status.exitstatus]
  end

  test 'securekey check prints kids, uses, versions and ends, and no key, and ends with 0' do
    out, err, code = check(Published.vars(2, announced: true), 'check')
    assert_equal ['', 0], [err, code]
    assert_includes out, "  #{Published.kid(3)}  next    4        -"
    assert_includes out, "  #{Published.kid(1)}  verify  2        #{Published.text(Published.rotated_at(3))}"
    assert_includes out, 'good for 604800 seconds at least'
    [1, 2, 3].each { |number| refute_includes out, Published.key(number) }
  end

  test 'securekey check ends with 1 when the keyring is ignored, and says why' do
    _, err, code = check({ 'MY_KEY' => Published.vars(2)['SECURE_KEY'], 'MY_KEYRING' => '{' }, 'check', 'MY_KEY')
    assert_equal 1, code
    assert_includes err, 'MY_KEYRING'
    assert_includes err, 'keyring-unreadable'
  end

  test 'securekey check ends with 2 when an app would not start, names the place and shows no text' do
    out, err, code = check({ 'SECURE_KEY' => "#{Published.key(1)}, #{Published.key(2)}" }, 'check')
    assert_equal ['', 2], [out, code]
    assert_includes err, 'bad-key'
    refute_match(/[0-9A-F]{16}/, err)
  end

  test 'securekey check asks the service once where both variables say how, shows no key, and tells the word of a failure' do
    vars = { **Published.vars(2), 'SECURE_KEY_TOKEN' => 'sk_api_x' }
    { FakeService.keys(3) => [Published.kid(3), 0], FakeService.problem(401, 'unauthenticated') => ['unauthenticated', 1],
      FakeService.keys(1) => ['older', 1], FakeService::REVOKED => ['revoked', 0] }.each do |answer, (word, ends_with)|
      service = FakeService.new(answer)
      out, err, code = check({ **vars, 'SECURE_KEY_URL' => service.url }, 'check')
      assert_equal [ends_with, 1, 0], [code, service.asked.size, service.check_ins.size]
      assert_includes (ends_with.zero? ? out : err), word
      assert_nil service.asked[0].fields['if-none-match']
      refute_match(/[0-9A-F]{16}|sk_api/, out + err)
    ensure
      service&.close
    end
    [{}, { 'SECURE_KEY_URL' => 'http://example.com/v1' }].each do |more|
      out, err, code = check({ **vars, **more }, 'check')
      assert_equal ['', 2], [out, code]
      assert_includes err, 'SECURE_KEY_URL'
    end
  end

  test 'securekey shows how to call it when it is called in another way' do
    assert_equal [['', 2]] * 3, [[], ['list'], %w[check A B]].map { |arguments| check({}, *arguments).values_at(0, 2) }
    assert_equal 0, check({}, '--help').last
  end
end
