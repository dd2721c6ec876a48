# frozen_string_literal: true

# Has loaded Rails and forks a process of the app for each line of JSON: its environment, and the socket on which it answers.
# The app loads the gem by itself, so that its start is its own.
require 'json'
require 'rails'
require 'action_controller/railtie'
require 'rack/mock'
require 'socket'

$stdin.each_line do |line|
  env, socket = JSON.parse(line).values_at('env', 'socket')
  pid = fork do
    connection = UNIXSocket.new(socket)
    [$stdin, $stdout].each { |stream| stream.reopen(connection) }
    ENV.update(env)
    load File.expand_path('rails_app.rb', __dir__)
    exit!(0)
  end
  Process.detach(pid)
end
