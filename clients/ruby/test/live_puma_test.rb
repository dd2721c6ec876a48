# frozen_string_literal: true

require 'support/guarantees'
require 'support/fake_service'
require 'support/visitor'
require 'puma'
require 'rbconfig'
require 'tmpdir'
require 'timeout'

# What live pick-up promises to an app that Puma loads once and then forks: real workers, which are never restarted.
class LivePumaTest < Guarantees
  LIMIT_SECONDS = 60
  LIBRARY = File.expand_path('../lib', __dir__)
  AT = Time.now.to_i - Published::DAY
  # A worker that is brought a token of a key that nobody here holds asks at once.
  APP = <<~'RUBY'
    require 'securekey'
    require 'rack/session/cookie'
    RING = Securekey.keyring(refresh: true)
    use Rack::Session::Cookie, RING.rack(key: 'app')
    run(lambda do |env|
      session = env['rack.session']
      session['user'] = 'ada' if env['PATH_INFO'] == '/login'
      RING.verify(env['HTTP_X_TOKEN'], purpose: 'p')
      [200, { 'content-type' => 'text/plain' }, [[Process.pid, RING.keys.first.kid, session['user'] || 'nobody'].join(' ')]]
    end)
  RUBY

  # Asks a server on a socket, for Visitor: a Rack app of its own.
  Remote = Struct.new(:path) do
    def call(env)
      UNIXSocket.open(path) do |socket|
        socket.write("GET #{env['PATH_INFO']} HTTP/1.0\r\nHost: localhost\r\nCookie: #{env['HTTP_COOKIE']}\r\nX-Token: #{env['HTTP_X_TOKEN']}\r\n\r\n")
        head, body = socket.read.split("\r\n\r\n", 2)
        [200, { 'Set-Cookie' => head.scan(/^set-cookie: (.*?)\r?$/i).join("\n") }.reject { |_, value| value.empty? }, [body]]
      end
    end
  end

  # Of a key that nobody here holds.
  def token
    @token ||= Securekey.keyring(env: Published.vars(9, at: AT), settle: 0).sign('x', purpose: 'p', expires_in: '1h')
  end

  def eventually
    Timeout.timeout(LIMIT_SECONDS) do
      loop do
        result = yield
        return result if result
      rescue SystemCallError
        Thread.pass
      end
    end
  end

  # A cluster of two workers that asks this service. Returns what it printed.
  def cluster(service)
    Dir.mktmpdir do |folder|
      File.write("#{folder}/config.ru", APP)
      env = { **Published.vars(1, at: AT), 'SECURE_KEY_URL' => service.url, 'SECURE_KEY_TOKEN' => 'sk_api_x' }
      command = [RbConfig.ruby, '-I', LIBRARY, '-e', "gem 'puma'; load Gem.bin_path('puma', 'puma')", '--']
      pid = spawn(env, *command, '-w', '2', '--preload', '-b', "unix://#{folder}/socket", "#{folder}/config.ru",
                  chdir: folder, %i[out err] => "#{folder}/log")
      yield Remote.new("#{folder}/socket")
      Process.kill('TERM', pid)
      Timeout.timeout(LIMIT_SECONDS) { Process.wait(pid) }
      pid = nil
      File.read("#{folder}/log")
    ensure
      pid && Process.kill('KILL', pid) && Process.wait(pid)
    end
  end

  test 'new keys reach each worker of a cluster that was loaded before it forked, and nobody is logged out' do
    service = FakeService.new(FakeService.given(Published.vars(1, at: AT)))
    log = cluster(service) do |app|
      visitor = Visitor.new
      eventually { visitor.get(app, '/login') }
      service.answers = FakeService.given(Published.vars(2, at: Time.now.to_i))
      # The first two workers, and the two that Puma starts in their place.
      gone = []
      2.times do
        kids = {}
        eventually do
          worker, kid, user = visitor.get(app, '/', 'HTTP_X_TOKEN' => token).split
          assert_equal 'ada', user
          kids.store(worker, kid) unless gone.include?(worker)
          kids.values.tally[Published.kid(2)] == 2
        end
        gone = kids.keys.each { |worker| Process.kill('TERM', worker.to_i) }
      end
      assert_equal 'ada', eventually { visitor.get(app) }.split.last
    end
    refute_match(/Thread|securekey:/, log)
  ensure
    service&.close
  end
end
