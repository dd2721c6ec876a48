# frozen_string_literal: true

# Somebody with a browser who visits processes of the app of Rails.
class RailsVisitor
  attr_reader :cookies, :set

  def initialize(cookies = {})
    @cookies = cookies.dup
    @set = {}
  end

  # What the page says.
  def get(process, path, secure: false)
    answer = process.get(path, cookie: cookies.map { |name, value| "#{name}=#{value}" }.join('; '), secure: secure)
    raise "#{path} was answered with #{answer['status']}" unless answer['status'] == 200

    @set = answer['set'].to_h { |line| [line[/\A[^=]+/], line] }
    @set.each_value { |line| cookies.store(*line[/\A[^;]*/].split('=', 2)) }
    answer['body'].empty? ? nil : JSON.parse(answer['body'])
  end

  # Of the cookie that was set last, without its value.
  def attributes(name)
    @set.fetch(name).split('; ').drop(1).map(&:downcase).sort
  end
end
