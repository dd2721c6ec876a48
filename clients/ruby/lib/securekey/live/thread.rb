# frozen_string_literal: true

require 'securekey/live/background'

module Securekey
  # Runs the pick-up of a ring in the background: a thread for each process, made anew in a child. It keeps no process
  # alive, and ends with the ring.
  class LiveThread
    # After a fork the child has none of its parent's threads. Where Ruby tells of forks the new one starts at once, so that
    # a worker knows the keys before its first visitor comes; elsewhere at the first use of the ring.
    module AfterFork
      @running = ObjectSpace::WeakMap.new

      def self.watch(thread)
        @running[thread] = true
        return if @hooked || !::Process.respond_to?(:_fork)

        @hooked = true
        ::Process.singleton_class.prepend(self)
      end

      def self.start_all
        @running.keys.each(&:start)
      end

      def _fork
        super.tap { |pid| AfterFork.start_all if pid.zero? }
      end
    end
    private_constant :AfterFork

    # `timer` stands in for waiting, in tests.
    def initialize(pickup, timer)
      @pickup = pickup
      @timer = timer
      @mutex = Mutex.new
      @changed = ConditionVariable.new
      @pid = ::Process.pid
      AfterFork.watch(self)
    end

    # Makes sure that it runs in this process. Quick where it does.
    def start
      return if @thread&.alive? || @pickup.over?

      @mutex.synchronize { @thread = running unless @thread&.alive? }
    rescue ThreadError
      # In the handler of a signal, or where no thread can be had: the next use tries again.
      nil
    end

    # Ends a wait.
    def wake
      @mutex.synchronize do
        @woken = true
        @changed.broadcast
      end
    rescue ThreadError
      @woken = true
    end

    # To those who wait for the first request.
    def tell
      @mutex.synchronize { @changed.broadcast }
    end

    # Waits until the block says so, for this long at most. What it calls itself cannot wait for it.
    def await(seconds)
      return if @thread == Thread.current

      ends_at = now + seconds
      @mutex.synchronize do
        @changed.wait(@mutex, ends_at - now) until yield || now >= ends_at
      end
    end

    # Gives up a request under way. A callback that closes its own ring comes to its end first.
    def stop
      wake
      @thread&.kill unless @thread == Thread.current
    end

    def inspect
      '#<Securekey::LiveThread>'
    end

    private

    def running
      if @pid != ::Process.pid
        @pid = ::Process.pid
        @changed = ConditionVariable.new
        @pickup.forked
      end
      Background.thread('securekey') { run }
    end

    def run
      until @pickup.over?
        seconds = @pickup.seconds_to_wait
        seconds.positive? ? wait(seconds) : @pickup.turn
      end
    end

    def wait(seconds)
      return @timer.call(seconds) if @timer

      @mutex.synchronize do
        @changed.wait(@mutex, seconds) unless @woken
        @woken = false
      end
    end

    def now
      ::Process.clock_gettime(::Process::CLOCK_MONOTONIC)
    end
  end
  private_constant :LiveThread
end
