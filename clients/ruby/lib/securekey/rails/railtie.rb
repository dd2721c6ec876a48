# frozen_string_literal: true

module Securekey
  # Gives the signed and encrypted cookies of a Rails app, its session among them, the keys of the ring.
  #
  # config.securekey.enabled = false            an environment without the add-on, such as development
  # config.securekey.var = 'OTHER_KEY'          another config var; or a ring of the app's own: config.securekey.keyring
  # config.securekey.cookies = { remember: { expires: 30.days, domain: :all }, cart: false }
  # config.securekey.accept_secret_key_base     true: cookies from the time before the gem are still good
  # config.securekey.refresh = true             new keys are fetched while the app runs
  # config.securekey.secret_key_base            true: what else Rails derives from secret_key_base rotates as well
  class Railtie < ::Rails::Railtie
    OLDEST_RAILS = '6.1'

    config.securekey = ActiveSupport::OrderedOptions.new

    initializer 'securekey.keyring', before: :load_config_initializers do |app|
      options = app.config.securekey
      if Railtie.wanted?(options)
        Railtie.refuse_old_rails
        options.keyring ||= Railtie.keyring(options)
        SecretKeyBase.follow(app, KeyTexts.new(options.keyring, nil)) if options.secret_key_base
      end
    end

    # Late, so that its block runs when Rails has set up what the key generators depend on.
    initializer 'securekey.cookies', after: :load_config_initializers do |app|
      app.config.after_initialize { Railtie.take_cookies(app) if app.config.securekey.keyring }
    end

    # A build has no config vars: Rails has a word for that.
    def self.wanted?(options)
      return false if options.enabled == false

      !(ENV['SECRET_KEY_BASE_DUMMY'] && ENV[variable(options)].to_s.empty?) || !options.keyring.nil?
    end

    def self.variable(options)
      options.var || 'SECURE_KEY'
    end

    # What live pick-up has to say is said in the log of Rails.
    def self.keyring(options)
      refresh = options.refresh
      return Securekey.keyring(var: variable(options)) unless refresh

      # It may hold a token, and configurations are printed.
      options.refresh = true
      log = ->(_, message) { ::Rails.logger ? ::Rails.logger.warn("securekey: #{message}") : warn("securekey: #{message}") }
      Securekey.keyring(var: variable(options), refresh: refresh, on_warning: log)
    end

    def self.refuse_old_rails
      return if ::Rails.gem_version >= Gem::Version.new(OLDEST_RAILS)

      raise Error.new('unsafe-framework', "Rails #{::Rails.version} is too old: this version knows 6.1 and later")
    end

    def self.take_cookies(app)
      options = app.config.securekey
      settings = app.env_config
      session = app.config.session_options || {}
      texts = KeyTexts.new(options.keyring, Life.seconds(session[:expire_after]))
      # One that is a key of the ring is accepted for as long as the ring says.
      others = options.accept_secret_key_base && !options.secret_key_base ? [app.secret_key_base] : []
      keys = CookieKeys.new(texts, settings, others)
      WholeRenewal.jars.each { |jar| jar.prepend(WholeRenewal::Jar) }
      settings.merge!(CookieKeys::GENERATOR => keys, CookieKeys::ROTATIONS => keys,
                      WholeRenewal::HEADER => WholeRenewal.new(keys, options.cookies, session[:key] || '_session_id'))
      SelfCheck.run(settings, texts, keys)
    end
  end
end
