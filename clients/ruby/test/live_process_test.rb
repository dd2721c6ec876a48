# frozen_string_literal: true

require 'support/guarantees'
require 'support/live_rings'
require 'io/wait'
require 'rbconfig'

# What live pick-up does to the process that it runs in, and to its children.
class LiveProcessTest < Guarantees
  include LiveRings

  LIBRARY = File.expand_path('../lib', __dir__)
  HANGS = ->(_) { ->(socket) { socket.read } }

  def eventually
    Timeout.timeout(LIMIT_SECONDS) { Thread.pass until yield }
  end

  test 'a process starts without waiting for the service, and ready waits for its first answer alone' do
    waiting = Queue.new
    service = service { waiting.pop }
    ring = live(service, hand: nil)
    assert_equal ['starting', numbers(2, 1)], [refresh_of(ring)[:state], accepted(ring)]
    waiting << FakeService.keys(3)
    assert_equal ['fresh', numbers(3, 2)], [refresh_of(ring.ready)[:state], ring.keys.map(&:kid)]
    failing = live(service([500, {}, '']), hand: nil)
    assert_equal 'failing', refresh_of(failing.ready)[:state]
  end

  test 'ready ends after its limit, whatever the service does' do
    ring = live(service(HANGS), hand: nil)
    thread = ring.instance_variable_get(:@live).instance_variable_get(:@thread)
    thread.await(0.02) { false }
    assert_equal 10, Securekey.module_eval('LiveHttp', __FILE__, __LINE__)::TOTAL_SECONDS
    assert_equal 'starting', refresh_of(ring)[:state]
  end

  test 'a service that hangs, before its head or byte by byte, is given up after the limit for all of a request' do
    drip = lambda do |head|
      lambda do |socket|
        socket.write(head)
        1_000.times { socket.write('x') && socket.wait_readable(0.02) }
      end
    end
    http = Securekey.module_eval('LiveHttp', __FILE__, __LINE__)
    head = "HTTP/1.1 200 OK\r\nContent-Length: 900\r\n"
    [->(socket) { socket.read }, drip.call(''), drip.call("#{head}X-Long: "), drip.call("#{head}\r\n")].each do |hang|
      service = service(->(_) { hang })
      error = assert_raises(http::Failed) { http.new(URI(service.url), seconds: 0.2).call('GET', '/keyring', {}) }
      assert_equal 'too-slow', error.word
    end
  end

  test 'close gives up a request under way and asks no more; the ring stays as it is' do
    given_up = Queue.new
    service = service { |_| ->(socket) { given_up << socket.read } }
    ring = live(service, hand: nil)
    eventually { service.asked.any? }
    ring.close
    assert_equal '', Timeout.timeout(LIMIT_SECONDS) { given_up.pop }
    ring.ready
    assert_equal numbers(2, 1), accepted(ring)
    assert_equal 1, service.asked.size
  end

  test 'a process ends when its work is done, also while a request hangs, and its thread is called by its name' do
    service = service(HANGS)
    program = 'require "securekey"; ring = Securekey.keyring(refresh: true); Thread.pass until Thread.list.size > 1; ' \
              'puts Thread.list.last.name, Thread.list.last.thread_variable_get(:fork_safe); $stdout.flush; $stdin.gets'
    env = { **Published.vars(2), 'SECURE_KEY_URL' => service.url, 'SECURE_KEY_TOKEN' => TOKEN }
    IO.popen([env, RbConfig.ruby, '-I', LIBRARY, '-e', program], 'r+') do |io|
      eventually { service.asked.any? }
      io.puts
      assert_equal "securekey\ntrue\n", Timeout.timeout(LIMIT_SECONDS) { io.read }
    end
    assert_predicate $?, :success?
  end

  # What the block returns in a child process.
  def in_child
    reader, writer = IO.pipe
    pid = fork do
      writer.write(JSON.generate(yield))
      writer.flush
      exit!(0)
    end
    writer.close
    JSON.parse(Timeout.timeout(LIMIT_SECONDS) { reader.read })
  ensure
    Process.wait(pid)
  end

  test 'a child process asks for itself, for its first visitor too, after the rest of the wait' do
    service = service(FakeService.keys(2))
    ring = live(service, settle: 0)
    assert_in_delta 3_600, @hand.waits, 0.01
    @hand.instance_variable_set(:@ticks, @hand.ticks + 2_600)
    service.answers = FakeService.keys(3)
    wait, kid = in_child do
      # Where Ruby tells of no fork, the first use of the ring is what starts it.
      ring.kid unless Process.respond_to?(:_fork)
      wait = @hand.waits
      @hand.pass(2_000)
      [wait, ring.kid]
    end
    assert_in_delta 1_000, wait, 0.01
    assert_equal [Published.kid(3), Published.kid(2)], [kid, ring.kid]
    @hand.pass(4_000)
    assert_equal Published.kid(3), ring.kid
  end

  test 'each process says its own name: that of its dyno with its id, or the one that it was given' do
    service = service(FakeService.keys(2))
    names = { { process: 'mine' } => 'mine', {} => "web.1/#{Process.pid}", { dyno: 'x' * 70 } => "#{'x' * (63 - Process.pid.to_s.size)}/#{Process.pid}",
              { dyno: '' } => nil, { process: 'y' * 64 } => 'y' * 64 }
    names.each do |given, name|
      hand = LiveRings::Hand.new
      vars = Published.vars(2).merge('DYNO' => given.fetch(:dyno, 'web.1'))
      live(service, vars: vars, refresh: given.slice(:process), hand: hand)
      hand.waits
      assert_equal [name], service.check_ins.map { |request| JSON.parse(request.body)['process'] }
      service.check_ins.clear
      child = in_child { hand.waits && hand.pass(4_000) && Process.pid }
      in_child = JSON.parse(service.check_ins.shift.body)['process']
      assert_equal [name && "#{name[%r{\A[^/]*}][0, 63 - child.to_s.size]}/#{child}"], [in_child]
    end
  end

  test 'a child process tells what it has counted itself, and nothing of its parent' do
    service = service(FakeService.keys(2))
    ring = live(service, settle: 0, refresh: { telemetry: true })
    verify = ->(times) { times.times { ring.verify(ring.sign('x', purpose: 'p', expires_in: 60), purpose: 'p') } }
    @hand.waits
    verify.call(5)
    in_child { verify.call(2) && @hand.waits && @hand.pass(4_000) }
    @hand.pass(4_000)
    told = service.check_ins.map { |request| JSON.parse(request.body)['counts'].find { |count| count['kid'] == Published.kid(2) }['good'] }
    assert_equal [0, 2, 5], told
  end

  test 'children do not all wait to the same moment' do
    chance = [0, 0.999999].each
    live(service(FakeService.keys(2)), refresh: { random: -> { @chance || 0.5 } })
    @hand.waits
    waits = Array.new(2) { (@chance = chance.next) && in_child { @hand.waits } }
    assert_in_delta 3_240, waits[0], 0.01
    assert_in_delta 3_960, waits[1], 0.01
  end

  test 'a thread that was ended starts again at the next use of the ring' do
    ring = live(service(FakeService.keys(2)))
    @hand.waits
    Thread.list.select { |thread| thread.name == 'securekey' && thread.alive? }.each { |thread| thread.kill.join }
    ring.kid
    assert_in_delta 3_600, @hand.waits, 0.01
  end

  test 'an app may do anything in what it is told with: the ring goes on' do
    [-> { raise 'no' }, -> { raise NotImplementedError }, -> { throw :away }, -> { raise SystemStackError }].each do |act|
      hand = LiveRings::Hand.new
      service = service(FakeService.keys(3))
      ring = Securekey.keyring(env: Published.vars(2), now: -> { @now }, on_changed: ->(*) { act.call }, on_warning: ->(*) { act.call },
                               on_stopped: ->(*) { act.call },
                               refresh: { url: service.url, token: TOKEN, ticks: -> { hand.ticks }, timer: hand, random: -> { 0.5 } })
      @rings << ring
      hand.waits
      [FakeService::REVOKED, FakeService.given(Published.revoked), [500, {}, ''], [500, {}, ''], [500, {}, ''],
       FakeService.given(Published.revoked)].each { |answer| (service.answers = answer) && hand.pass(4_000) }
      assert_equal ['fresh', 8], [refresh_of(ring)[:state], service.asked.size + service.check_ins.size - 2]
    end
  end

  test 'a callback that closes its ring comes to its end, and it is the last one' do
    ended = Queue.new
    answer = Queue.new
    service = service { answer.pop }
    @rings << ring = Securekey.keyring(env: Published.vars(2), refresh: { url: service.url, token: TOKEN },
                                       on_changed: ->(*) { ring.close || ended << true })
    answer << FakeService.keys(3)
    assert Timeout.timeout(LIMIT_SECONDS) { ended.pop }
    eventually { Thread.list.none? { |thread| thread.name == 'securekey' } }
    assert_equal 1, service.asked.size
  end

  test 'many threads that sign and verify while keys come see one ring or the other, and never half of one' do
    service = service(FakeService.keys(2))
    ring = live(service, settle: 0)
    @hand.waits
    going = true
    lists = (2..9).map { |number| [Published.key(number), Published.key(number - 1)] }
    threads = Array.new(3) do
      Thread.new do
        odd = []
        while going
          Thread.pass
          token = ring.sign('x', purpose: 'p', expires_in: 60)
          odd << ring.secrets unless lists.include?(ring.secrets)
          verdict = ring.verify(token, purpose: 'p')
          odd << verdict.reason unless verdict.ok? || verdict.reason == 'unknown-key'
        end
        odd
      end
    end
    (3..9).each { |number| (service.answers = FakeService.keys(number)) && @hand.pass(4_000) }
    going = false
    assert_empty threads.flat_map(&:value)
    assert_equal numbers(9, 8), accepted(ring)
  end

  test 'a signal that comes at any time can use the ring' do
    ring = live(service(FakeService.keys(2)))
    @hand.waits
    token = Securekey.keyring(env: Published.vars(4), settle: 0, now: -> { @now }).sign('x', purpose: 'p', expires_in: 60)
    told = nil
    before = trap('USR1') do
      told = [ring.kid, ring.verify(token, purpose: 'p').reason, ring.stats[:refresh][:state]]
    rescue ThreadError => e
      told = e
    end
    Process.kill('USR1', Process.pid)
    eventually { told }
    assert_equal [Published.kid(2), 'unknown-key', 'fresh'], told
  ensure
    trap('USR1', before || 'DEFAULT')
  end

  test 'a ring that nobody has any more asks no more' do
    service = service(FakeService.keys(2))
    running = -> { Thread.list.count { |thread| thread.name == 'securekey' } }
    eventually { running.call.zero? }
    make = lambda do
      30.times { Securekey.keyring(env: Published.vars(2), refresh: { url: service.url, token: TOKEN }) }
      nil
    end
    GC.disable
    make.call
    assert_equal 30, running.call
    GC.enable
    # The stack may still hold some of them.
    eventually { GC.start || running.call < 10 }
  end
end
