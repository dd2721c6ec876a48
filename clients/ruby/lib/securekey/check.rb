# frozen_string_literal: true

require 'securekey'

module Securekey
  # The program `securekey check`: judges the keys as an app's start does, and prints no key.
  module Check
    # `code` 0: all is well. 1: the keys are good, but the keyring is ignored or new keys cannot be fetched. 2: an app would not
    # start, or wrong arguments.
    Result = Struct.new(:out, :err, :code, keyword_init: true)

    USAGE = <<~TEXT
      securekey check [VARIABLE]

      Checks the keys of an app as a library does at the app's start, and never prints a key. VARIABLE is the config var,
      SECURE_KEY if it is not given. If SECURE_KEY_URL or SECURE_KEY_TOKEN is set, it asks the service once for the keys. Ends with
      0 if all is well, with 1 if the keys are good but the keyring is ignored or the service did not bring keys, and with 2 if an
      app would not start.
    TEXT

    module_function

    # From the arguments to what is printed.
    def run(arguments, env)
      command, variable, *more = arguments
      return Result.new(out: USAGE, err: '', code: 0) if %w[--help -h].include?(command)
      return Result.new(out: '', err: USAGE, code: 2) if command != 'check' || !more.empty?

      variable ||= 'SECURE_KEY'
      warnings = []
      ring = Securekey.keyring(var: variable, env: env, on_warning: ->(_, message) { warnings << "#{message}\n" })
      said = described(ring, variable)
      said += fetched(ring, variable, env, warnings) if LiveOptions.in_environment?(env, variable)
      Result.new(out: said, err: warnings.join, code: warnings.empty? ? 0 : 1)
    rescue Error => e
      Result.new(out: '', err: "#{e.message}\n", code: 2)
    end

    def described(ring, variable)
      rows = ring.keys.map { |key| [key.kid, key.use, key.version || '-', key.until&.iso8601(3) || '-'] }
      lines = ["The keys of #{variable}, newest first:"]
      lines += [%w[kid use version until], *rows].map { |row| format('  %-10s%-8s%-9s%s', *row) }
      lines << "A signature is good for #{ring.guaranteed_life} seconds at least."
      lines << "Published at #{ring.rotated_at.iso8601(3)} (#{ring.reason})." if ring.rotated_at
      lines << "Next rotation at #{ring.next_rotation_at.iso8601(3)}." if ring.next_rotation_at
      "#{lines.join("\n")}\n"
    end

    # What one request to the service comes to.
    def fetched(ring, variable, env, warnings)
      answer = LiveService.new(LiveOptions.read(true, env, variable)).keys(held: ring.held)
      case answer.kind
      when :taken then return "The service answers: #{answer.pair.first.kid} signs.\n"
      when :revoked then return "The service answers: the keys are revoked, and their successors are on their way.\n"
      when :end then warnings << "The service refuses the token (#{answer.word}).\n"
      else warnings << "The service did not bring the keys (#{answer.word}).\n"
      end
      ''
    end
    private_class_method :described, :fetched
  end
end
