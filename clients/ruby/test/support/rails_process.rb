# frozen_string_literal: true

require 'io/wait'
require 'json'
require 'open3'
require 'rbconfig'
require 'socket'
require 'tmpdir'

# A process that runs the app of Rails with these config vars. Processes with the same ones are shared.
class RailsProcess
  ANSWER_SECONDS = 60
  NURSERY = File.expand_path('rails_nursery.rb', __dir__)
  LIBRARY = ENV['SECUREKEY_INSTALLED'] ? [] : ['-I', File.expand_path('../../lib', __dir__)].freeze

  @running = {}

  class << self
    def with(vars, **options)
      @running[[vars, options]] ||= new(connect(vars, options))
    end

    def end_all
      @running.each_value(&:stop)
      @running.clear
      @nursery&.close
    end

    private

    def connect(vars, options)
      env = { 'SECURE_KEY' => nil, 'SECURE_KEYRING' => nil, 'SECRET_KEY_BASE' => nil,
              'APP_OPTIONS' => JSON.generate(options), **vars }
      Dir.mktmpdir do |folder|
        server = UNIXServer.new(File.join(folder, 'socket'))
        nursery.puts(JSON.generate(env: env, socket: server.path))
        raise 'the app did not start' unless server.wait_readable(ANSWER_SECONDS)

        server.accept
      end
    end

    # RAILS_ENV is read when Rails is loaded.
    def nursery
      @nursery ||= IO.popen([{ 'RAILS_ENV' => 'production' }, RbConfig.ruby, *LIBRARY, NURSERY, { err: File::NULL }], 'r+')
                     .tap { |io| io.sync = true }
    end
  end

  # What the app said when it had started, or why it refused to.
  attr_reader :started

  def initialize(connection)
    @connection = connection
    @mutex = Mutex.new
    @started = read
  end

  # Returns `status`, `body` and `set`, the cookies that were set.
  def get(path, cookie: '', secure: false)
    @mutex.synchronize do
      @connection.puts(JSON.generate(path: path, cookie: cookie, secure: secure))
      read
    end
  end

  def stop
    @connection.close
  end

  private

  def read
    raise 'the app did not answer' unless @connection.wait_readable(ANSWER_SECONDS)

    line = @connection.gets
    raise 'the app has ended' if line.nil?

    JSON.parse(line)
  end
end
