# frozen_string_literal: true

require 'securekey/rack/encrypted_sessions'
require 'securekey/rack/signed_sessions'

module Securekey
  # What `Rack::Session::Cookie` is given, so that its cookies follow the ring: also those that it makes when the settle
  # time is over, and in a process that knows the next key.
  #
  # Rack builds its keys once, when it starts, and Rack 2 ignores `secrets:` without a word and signs nothing. So the ring
  # does both itself, as the coder, and makes and reads the same cookies as Rack would.
  module RackOptions
    OLDEST_RACK = '2.2'
    # They would take the cookies out of the ring's hands.
    TAKEN = %i[secret secrets old_secret legacy_hmac legacy_hmac_secret legacy_hmac_coder let_coder_handle_secure_encoding].freeze

    # For the Rack that is loaded: `use Rack::Session::Cookie, ring.rack(key: 'app', expire_after: 86_400)`. `accept`: secrets
    # of the time before the add-on, whose sessions are good as well.
    def rack(options = {})
      rack_version < Gem::Version.new('3') ? rack2(options) : rack3(options)
    end

    # For Rack 2.2 alone; raises `unsafe-framework` with any other.
    def rack2(options = {})
      version = rack_version
      unless version.between?(Gem::Version.new(OLDEST_RACK), Gem::Version.new('3.a'))
        unsafe("rack2 is for Rack 2.2, and Rack #{version} is loaded: call rack, or rack3")
      end
      require 'rack/session/cookie'
      given_to_rack(options, %i[hmac], 1) { |life, accept| SignedSessions.new(self, life, options, accept) }
    end

    # For Rack 3 with the gem rack-session 2; raises `unsafe-framework` with any other.
    def rack3(options = {})
      version = rack_version
      unsafe("rack3 is for Rack 3, and Rack #{version} is loaded: call rack, or rack2") if version < Gem::Version.new('3.a')
      refuse_option('coder') if options.key?(:coder)
      require_encryptor
      given_to_rack(options, [], 64) { |life, accept| EncryptedSessions.new(self, life, options, accept) }
    end

    private

    def given_to_rack(options, own, least_bytes)
      TAKEN.each { |name| refuse_option(name.to_s) if options.key?(name) }
      life = options[:expire_after]
      refuse_option('expire_after') unless life.nil? || Life.seconds(life)
      accept = accepted(options.fetch(:accept, []), least_bytes)
      # Sinatra puts a secret of its own beside what it is given; with one, Rack would not ask the coder.
      options.except(:accept, *own).merge(coder: yield(life, accept), let_coder_handle_secure_encoding: true,
                                          secret: nil, secrets: nil, old_secret: nil)
    end

    # Secrets of the time before the add-on; in a closure, where nothing shows them. A shorter one Rack itself refuses.
    def accepted(texts, least_bytes)
      good = Array === texts && texts.all? { |text| String === text && text.bytesize >= least_bytes }
      refuse_option('accept') unless good
      texts = texts.map { |text| text.dup.freeze }.freeze
      -> { texts }
    end

    def rack_version
      require 'rack'
      Gem::Version.new(::Rack.release)
    rescue LoadError
      unsafe('Rack is not installed')
    end

    def require_encryptor
      require 'rack/session'
      require 'rack/session/cookie'
      require 'rack/session/encryptor'
    rescue LoadError
      unsafe('Rack 3 keeps sessions in the gem rack-session 2: add it to the Gemfile')
    end

    def refuse_option(name)
      raise Error.new('bad-option', "#{name} cannot be given beside a ring, or not like this", place: name)
    end

    def unsafe(sentence)
      raise Error.new('unsafe-framework', sentence)
    end
  end
  private_constant :RackOptions
end
