# frozen_string_literal: true

require 'action_dispatch'
require 'stringio'

module Securekey
  # Tries at the start whether this Rails takes its cookies from the ring: a version that does it in another way must not
  # sign with something else in silence.
  module SelfCheck
    NAME = 'securekey_check'

    module_function

    # Raises `unsafe-framework` unless the app writes cookies of the key that signs, and reads those of all accepted keys.
    def run(settings, texts, keys)
      maker = CookieMaker.new(keys)
      %i[signed encrypted].each do |jar|
        next if signs?(jar, settings, texts.signing, maker) && texts.accepted.all? { |text| reads?(jar, settings, text, maker) }

        raise Error.new('unsafe-framework', "Rails #{::Rails.version} does not take the keys of #{jar} cookies from the ring")
      end
    end

    def signs?(jar, settings, text, maker)
      maker.find(jar, written(jar, settings))&.text == text
    end

    # A cookie that Rails itself makes with this key alone.
    def reads?(jar, settings, text, maker)
      alone = settings.merge(CookieKeys::GENERATOR => CookieKeys.generator(text))
      return false unless signs?(jar, alone, text, maker)

      cookie = "#{NAME}=#{::Rack::Utils.escape(written(jar, alone))}"
      request(settings.merge('HTTP_COOKIE' => cookie)).cookie_jar.public_send(jar)[NAME] == 'good'
    end

    def written(jar, settings)
      request = request(settings)
      request.cookie_jar.public_send(jar)[NAME] = 'good'
      request.cookie_jar[NAME]
    end

    def request(settings)
      ActionDispatch::Request.new({ 'REQUEST_METHOD' => 'GET', 'PATH_INFO' => '/', 'SERVER_NAME' => 'localhost',
                                    'SERVER_PORT' => '80', 'rack.url_scheme' => 'http',
                                    'rack.input' => StringIO.new(+'') }.merge(settings))
    end

    private_class_method :signs?, :reads?, :written, :request
  end
  private_constant :SelfCheck
end
