# frozen_string_literal: true

# Runs test files and reports each test as a line of JSON: ruby test/run.rb [--list] <file>...
# Without --list each line has a title and a problem, which is null if the guarantee holds.
require 'json'

$stdout.sync = true
# A packed gem is found where it was installed.
$LOAD_PATH.unshift(File.expand_path('../lib', __dir__)) unless ENV['SECUREKEY_INSTALLED']
$LOAD_PATH.unshift(__dir__)
require 'support/guarantees'

# Prints what became of each test.
class Lines < Minitest::AbstractReporter
  def record(result)
    title = result.name.delete_prefix('test_')
    problem = result.failures.map { |failure| "#{failure.message}\n#{failure.backtrace&.first(5)&.join("\n")}" }.join("\n\n")
    puts JSON.generate(title: title, skipped: result.skipped?, problem: problem.empty? ? nil : problem)
  end
end

list = ARGV.delete('--list')
ARGV.each { |file| require File.expand_path(file) }
classes = ObjectSpace.each_object(Class).select { |one| one < Guarantees }.sort_by(&:name)
if list
  classes.each { |one| one.titles.each { |title| puts JSON.generate(title: title) } }
else
  Minitest.seed = 1
  classes.each { |one| one.run(Lines.new) }
end
RailsProcess.end_all if defined?(RailsProcess)
