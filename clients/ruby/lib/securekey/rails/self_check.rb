# frozen_string_literal: true

require 'action_dispatch'
require 'stringio'

module Securekey
  # Tries at the start whether this Rails takes its cookies from the ring: a version that does it in another way must not
  # sign with something else in silence.
  module SelfCheck
    NAME = 'securekey_check'

    module_function

    # Raises `unsafe-framework` if a cookie of an accepted key is not read, or one of the app is not signed by the ring.
    def run(settings, texts)
      signing = settings.merge(CookieKeys::GENERATOR => CookieKeys.generator(texts.signing))
      %i[signed encrypted].each do |jar|
        well = texts.accepted.all? { |text| good?(jar, settings.merge(CookieKeys::GENERATOR => CookieKeys.generator(text)), settings) }
        next if well && good?(jar, settings, signing.merge(CookieKeys::ROTATIONS => none))

        raise Error.new('unsafe-framework', "Rails #{::Rails.version} does not take the keys of #{jar} cookies from the ring")
      end
    end

    def good?(jar, writes, reads)
      request = request(writes)
      request.cookie_jar.public_send(jar)[NAME] = 'good'
      cookie = "#{NAME}=#{::Rack::Utils.escape(request.cookie_jar[NAME])}"
      request(reads.merge('HTTP_COOKIE' => cookie)).cookie_jar.public_send(jar)[NAME] == 'good'
    end

    def request(settings)
      ActionDispatch::Request.new({ 'REQUEST_METHOD' => 'GET', 'PATH_INFO' => '/', 'SERVER_NAME' => 'localhost',
                                    'SERVER_PORT' => '80', 'rack.url_scheme' => 'http',
                                    'rack.input' => StringIO.new(+'') }.merge(settings))
    end

    def none
      ActiveSupport::Messages::RotationConfiguration.new
    end
    private_class_method :good?, :request, :none
  end
  private_constant :SelfCheck
end
