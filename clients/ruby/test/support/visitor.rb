# frozen_string_literal: true

require 'rack'
require 'rack/mock'

# Somebody with a browser: keeps cookies as they are set, and says what was set last.
class Visitor
  attr_reader :cookies, :set

  def initialize(cookies = {})
    @cookies = cookies.dup
    @set = {}
  end

  # The body of the answer.
  def get(app, path = '/', **env)
    # As servers hand it over: bytes.
    header = cookies.map { |name, value| "#{name}=#{value}" }.join('; ').b
    response = Rack::MockRequest.new(app).get(path, { 'HTTP_COOKIE' => header }.merge(env))
    @set = lines(response).to_h { |line| [line[/\A[^=]+/], line] }
    @set.each_value { |line| keep(line) }
    response.body
  end

  # The attributes of the cookie that was set last, without its value.
  def attributes(name)
    @set.fetch(name).split('; ').drop(1).map { |part| part.sub(/\Aexpires=.*/i, 'expires') }.sort
  end

  private

  def lines(response)
    Array(response.headers['Set-Cookie'] || response.headers['set-cookie']).flat_map { |one| one.split("\n") }
  end

  def keep(line)
    name, value = line[/\A[^;]*/].split('=', 2)
    value.empty? || line.match?(/max-age=0/i) ? cookies.delete(name) : cookies[name] = value
  end
end
