# frozen_string_literal: true

require 'net/http'
require 'securekey/live/background'

module Securekey
  # One request to the service, bounded in time and in size. Follows no redirect, and tries nothing again.
  class LiveHttp
    TOTAL_SECONDS = 10
    LONGEST_BODY = 65_536
    # The body, how it is cut into chunks, and what stands before it.
    LONGEST_ANSWER = 2 * LONGEST_BODY

    # `fields` by their names in lower case. `body` is nil where it was longer than it may be, or nobody reads it.
    Response = Struct.new(:status, :fields, :body, keyword_init: true)
    # No answer: `word` says why.
    class Failed < StandardError
      attr_reader :word

      def initialize(word)
        super
        @word = word
      end
    end

    # Net::HTTP reads a head of any length: whoever sends one without an end must not fill the memory.
    module Bounded
      def read_nonblock(*arguments, **options)
        super.tap do |read|
          @securekey_bytes = @securekey_bytes.to_i + read.bytesize if read.is_a?(String)
          raise IOError, 'the answer is too long' if @securekey_bytes.to_i > LONGEST_ANSWER
        end
      end
    end

    # A connection whose answers are bounded.
    class Connection < Net::HTTP
      private

      def on_connect
        super
        # A later version of Net::HTTP may keep its socket elsewhere: better no bound than no keys.
        @socket.io.extend(Bounded) if @socket.respond_to?(:io)
      end
    end
    private_constant :Bounded, :Connection

    # `url` is a URI, the address of the API. `seconds`: for all of a request.
    def initialize(url, seconds: TOTAL_SECONDS)
      @url = url
      @seconds = seconds
    end

    # Returns a response, or raises Failed. `read`: the statuses whose body is read.
    #
    # In a thread of its own that is given up: a limit that Net::HTTP keeps is for one read, and none is for a name.
    def call(verb, path, fields, body: nil, read: [200, 503])
      request = Net::HTTPGenericRequest.new(verb, !body.nil?, true, "#{@url.path}#{path}", fields)
      request.body = body
      thread = Background.thread('securekey request') { answered(request, read) }
      raise Failed, 'too-slow' unless thread.join(@seconds)

      thread.value || raise(Failed, 'unreachable')
    ensure
      thread&.kill
    end

    def inspect
      '#<Securekey::LiveHttp>'
    end

    private

    # nil where the connection breaks, or never was.
    def answered(request, read)
      exchange(request, read)
    rescue StandardError
      nil
    end

    def exchange(request, read)
      catch(:answered) do
        connection.start do |http|
          http.request(request) do |answer|
            status = Integer(answer.code, 10)
            fields = answer.to_hash.transform_values { |values| values.join(', ') }
            # Thrown, not returned: Net::HTTP would read the rest of the body.
            throw :answered, Response.new(status: status, fields: fields, body: read.include?(status) ? body_of(answer) : nil)
          end
        end
      end
    end

    def connection
      http = Connection.new(@url.hostname, @url.port)
      http.use_ssl = @url.scheme == 'https'
      # One limit for all of it. That of Net::HTTP for opening would be one more thread, of which Puma warns when it forks.
      http.open_timeout = http.read_timeout = http.write_timeout = nil
      http.max_retries = 0
      http
    end

    # nil if it is too long. One that ends before its end broke on its way.
    def body_of(answer)
      body = +''.b
      answer.read_body do |part|
        body << part
        return if body.bytesize > LONGEST_BODY
      end
      raise EOFError if answer.content_length && body.bytesize < answer.content_length

      body
    end
  end
  private_constant :LiveHttp
end
