# frozen_string_literal: true

require 'json'
require 'socket'
require 'support/published'

# A service on this machine that answers as the test says: `answers` is called with each request for keys and returns
# status, fields and body, or a block that does with the socket what it likes.
class FakeService
  Request = Struct.new(:verb, :path, :fields, :body, keyword_init: true)

  # As the service answers after so many rotations.
  def self.keys(number, fields = {})
    given(Published.vars(number), { 'ETag' => "\"#{number}\"" }.merge(fields))
  end

  def self.given(vars, fields = {})
    body = { secure_key: vars['SECURE_KEY'], secure_keyring: vars['SECURE_KEYRING'], new_field: 1 }
    [200, { 'Content-Type' => 'application/json; charset=utf-8', 'ETag' => '"x"', 'Refresh-After' => '3600' }.merge(fields),
     JSON.generate(body)]
  end

  def self.problem(status, name, fields = {})
    [status, { 'Content-Type' => 'application/problem+json' }.merge(fields), JSON.generate(type: "urn:securekey:problem:#{name}")]
  end

  REVOKED = problem(503, 'keys-revoked', 'Retry-After' => '10').freeze

  attr_reader :asked, :check_ins
  attr_accessor :answers, :check_in_status

  def initialize(answers = nil, &block)
    @answers = answers || block
    @check_in_status = 204
    @asked = []
    @check_ins = []
    @server = TCPServer.new('127.0.0.1', 0)
    @thread = Thread.new { loop { serve(@server.accept) } }
    @thread.report_on_exception = false
  end

  def url
    "http://127.0.0.1:#{@server.addr[1]}/v1"
  end

  def close
    @thread.kill
    @server.close
  end

  private

  def serve(socket)
    Thread.new do
      Thread.current.report_on_exception = false
      request = read(socket)
      answer(socket, request) if request
    ensure
      socket.close
    end
  end

  def read(socket)
    verb, path = socket.gets&.split
    return unless path

    fields = {}
    while (line = socket.gets) && line != "\r\n"
      name, value = line.chomp.split(': ', 2)
      fields[name.downcase] = value
    end
    Request.new(verb: verb, path: path, fields: fields, body: socket.read(fields['content-length'].to_i))
  end

  def answer(socket, request)
    if request.path == '/v1/check-ins'
      @check_ins << request
      return write(socket, [@check_in_status, {}, ''])
    end
    @asked << request
    answer = @answers.respond_to?(:call) ? @answers.call(request) : @answers
    answer.respond_to?(:call) ? answer.call(socket) : write(socket, answer)
  end

  def write(socket, answer)
    status, fields, body = answer
    head = { 'Content-Length' => body.to_s.bytesize, 'Connection' => 'close' }.merge(fields)
    lines = head.compact.map { |name, value| "#{name}: #{value}\r\n" }.join
    socket.write("HTTP/1.1 #{status} Said\r\n#{lines}\r\n#{body}")
  end
end
