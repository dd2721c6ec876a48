# frozen_string_literal: true

# Serves a Rack app on a port of its own, one request after the other. Rack 2 and 3 have no server in common.
require 'socket'
require 'stringio'

def serve(app)
  server = TCPServer.new('127.0.0.1', 0)
  $stdout.sync = true
  puts "port #{server.addr[1]}"
  loop { answer(server.accept, app) }
end

def answer(client, app)
  method, path = client.gets.to_s.split
  headers = {}
  while (line = client.gets&.chomp) && !line.empty?
    name, value = line.split(': ', 2)
    headers[name.downcase] = value
  end
  env = { 'REQUEST_METHOD' => method, 'PATH_INFO' => path, 'SCRIPT_NAME' => '', 'QUERY_STRING' => '',
          'SERVER_NAME' => '127.0.0.1', 'SERVER_PORT' => '80', 'SERVER_PROTOCOL' => 'HTTP/1.1', 'HTTP_HOST' => 'localhost',
          'REMOTE_ADDR' => '127.0.0.1', 'HTTP_COOKIE' => headers['cookie'], 'rack.url_scheme' => 'http',
          'rack.input' => StringIO.new, 'rack.errors' => $stderr }
  write(client, *app.call(env))
ensure
  client.close
end

def write(client, status, headers, body)
  text = +''
  body.each { |part| text << part }
  body.close if body.respond_to?(:close)
  lines = headers.flat_map { |name, value| Array(value).flat_map { |one| one.to_s.split("\n") }.map { |one| "#{name}: #{one}" } }
  lines.reject! { |one| one =~ /\A(content-length|connection):/i }
  client.write("HTTP/1.1 #{status} OK\r\n#{lines.join("\r\n")}\r\nconnection: close\r\n\r\n#{text}")
end
