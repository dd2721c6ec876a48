# frozen_string_literal: true

require 'support/guarantees'
require 'support/published'
require 'support/fake_service'
require 'support/visitor'
require 'support/rails_process'
require 'support/rails_visitor'
require 'rack/session' if Rack.release.to_i >= 3
require 'rack/session/cookie'
require 'sinatra/base'

# The code of the README as its readers copy it.
class ReadmeTest < Guarantees
  README = File.read(File.expand_path('../README.md', __dir__))
  BLOCKS = README.scan(/^```ruby\n(.*?)^```$/m).flatten.freeze
  LIVE, OTHERS = BLOCKS.partition { |block| block.include?('refresh: true') }
  PLAIN, FRAMEWORKS = OTHERS.partition { |block| !block.match?(/^(use|set|Rails)/) }
  CALM = Time.now.to_i - Published::DAY
  # A line, and what the comment behind it says that it returns.
  SAID = /\A(.*\S)\s+# (true|false|\d+|"[^"]*")\z/.freeze

  def block(start)
    FRAMEWORKS.find { |block| block.start_with?(start) } || raise("the README has no block that starts with #{start}")
  end

  # Runs the blocks of the README that need no framework, in their order, with these variables.
  def in_plain_app(number)
    Published.vars(number, at: CALM).each { |name, value| ENV[name] = value }
    Object.send(:remove_const, :KEYS) if Object.const_defined?(:KEYS)
    binding = TOPLEVEL_BINDING.dup
    PLAIN.each { |block| yield block, binding }
  end

  test 'each block of the README is run here' do
    assert_equal [4, 1], [PLAIN.size, LIVE.size]
    assert_equal %w[use set Rails].map { |start| block(start) }.sort, FRAMEWORKS.sort
  end

  test 'the gem is the one that was packed' do
    skip unless ENV['SECUREKEY_INSTALLED']
    assert_includes $LOADED_FEATURES.grep(%r{/securekey/keyring\.rb\z}).first, ENV.fetch('GEM_HOME')
  end

  test 'the code for a plain app runs, and each line returns what the comment behind it says' do
    said = 0
    in_plain_app(2) do |block, binding|
      next binding.eval(block) unless block.lines.any? { |line| line.chomp.match?(SAID) }

      block.lines.map(&:chomp).each do |line|
        code, value = line.match(SAID)&.captures
        result = binding.eval(code || line)
        next unless value

        said += 1
        assert_equal value, result.inspect, line
      end
    end
    assert_equal 7, said
  end

  test 'the code for Rack keeps a login over a rotation' do
    visitor = Visitor.new
    answers = [1, 2].map do |number|
      in_plain_app(number) { |block, binding| binding.eval(block) }
      line = block('use')
      app = Rack::Builder.new do
        instance_eval(line)
        run(->(env) { [200, {}, [env['rack.session'][:user] ||= env['PATH_INFO']]] })
      end
      visitor.get(app.to_app, "/visit#{number}")
    end
    assert_equal %w[/visit1 /visit1], answers
  end

  test 'the code for Sinatra keeps a login over a rotation' do
    visitor = Visitor.new
    answers = [1, 2].map do |number|
      in_plain_app(number) { |block, binding| binding.eval(block) }
      line = block('set')
      app = Class.new(Sinatra::Base) do
        set :environment, :production
        set :host_authorization, {} if respond_to?(:host_authorization)
        class_eval(line)
        get('/*') { session[:user] ||= request.path_info }
      end
      visitor.get(app, "/visit#{number}")
    end
    assert_equal %w[/visit1 /visit1], answers
  end

  test 'the code for live pick-up takes the keys of the service, and tells when it may ask no more' do
    service = FakeService.new(FakeService.keys(3))
    in_plain_app(2) { |block, binding| binding.eval(block) }
    ENV.update('SECURE_KEY_URL' => service.url, 'SECURE_KEY_TOKEN' => 'sk_api_x')
    Object.send(:remove_const, :KEYS)
    asks = -> { TOPLEVEL_BINDING.dup.eval(LIVE.first) && KEYS.ready }
    assert_equal [3, 2].map { |number| Published.kid(number) }, asks.call.keys.map(&:kid)
    KEYS.close
    service.answers = FakeService.problem(410, 'resource-gone')
    Object.send(:remove_const, :KEYS)
    _, told = capture_io { asks.call && (Thread.pass until Thread.list.none? { |thread| thread.name == 'securekey' }) }
    assert_includes told, "No new keys: resource-gone\n"
  ensure
    %w[SECURE_KEY_URL SECURE_KEY_TOKEN].each { |name| ENV.delete(name) }
    service.close
  end

  test 'the code for Rails keeps logins, also those of the time before the gem' do
    before = RailsProcess.with({}, securekey: { enabled: false })
    visitor = RailsVisitor.new
    visitor.get(before, '/login')
    says = [1, 2].map { |number| visitor.get(RailsProcess.with(Published.vars(number, at: CALM), block: block('Rails')), '/show') }
    assert_equal [%w[ada ada]] * 2, says.map { |one| one.values_at('session', 'signed') }
  end

  test 'each code that the gem raises stands in the README, and no other' do
    sources = Dir[File.expand_path('../lib/**/*.rb', __dir__)].map { |file| File.read(file) }.join
    raised = sources.scan(/(?:refuse\(|Error\.new\()'([a-z-]+)'/).flatten.uniq + ['unsafe-framework']
    told = README[/## What goes wrong.*/m].scan(/^\| (`.*?) \|/).join.scan(/`([a-z-]+)`/).flatten.uniq
    assert_equal raised.uniq.sort, told.sort
  end

  test 'the numbers in the README are those of the code' do
    settle = Securekey.module_eval('SettleTime', __FILE__, __LINE__)
    assert_includes README, '600, with `refresh` 4,200; at most 21,600'
    assert_equal [600, 4_200, 21_600], [settle::DEFAULT_SECONDS, settle::LIVE_SECONDS, settle::LONGEST_SECONDS]
  end
end
