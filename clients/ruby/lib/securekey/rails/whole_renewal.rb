# frozen_string_literal: true

module Securekey
  # Rails signs a cookie anew when it reads one of an older key, and loses its end, `httponly`, `secure` and the domain: a
  # login of a month ends with the browser. So a renewed cookie gets the end that it had, or what the app says.
  class WholeRenewal
    HEADER = 'securekey.renewal'

    # Comes before the two jars of Rails that sign.
    module Jar
      def [](name)
        @securekey_reads = name.to_s
        super
      ensure
        @securekey_reads = nil
      end

      # Rails calls it while it reads, to renew what it reads.
      def []=(name, options)
        renewal = request.get_header(HEADER) if @securekey_reads == name.to_s
        return super unless renewal

        renewed = renewal.options(request, self.class, name.to_s, options)
        super(name, renewed) if renewed
      end
    end

    def self.jars
      [ActionDispatch::Cookies::SignedKeyRotatingCookieJar, ActionDispatch::Cookies::EncryptedKeyRotatingCookieJar]
    rescue NameError
      raise Error.new('unsafe-framework', "Rails #{::Rails.version} has other cookie jars than this version knows")
    end

    # `stated`: options by the name of the cookie, or false for one that is not to be renewed.
    def initialize(keys, stated, session_name)
      @keys = keys
      @session_name = session_name.to_s
      @maker = CookieMaker.new(keys)
      @stated = stated.to_h.transform_keys(&:to_s)
    end

    # With what the cookie is written again; nil: it is left as it is.
    def options(request, jar, name, options)
      # The session is written by its store, with all that it has.
      return if name == @session_name

      found = @maker.find(jar == self.class.jars.first ? :signed : :encrypted, request.cookies[name])
      # Of rotations of the app's own: they are not ours.
      return options unless found
      return unless @keys.older?(found.text)

      stated = @stated[name]
      return if stated == false

      options.merge(httponly: true, secure: request.ssl?, expires: found.ends_at).merge(stated.to_h.symbolize_keys)
    end

    def inspect
      '#<Securekey::WholeRenewal>'
    end
  end
  private_constant :WholeRenewal
end
