# frozen_string_literal: true

module Securekey
  # Makes the first key the app's `secret_key_base`, for apps that want all that Rails derives from it to rotate. It is read
  # once, when the app starts: no settle time. What message verifiers have signed is read with the other keys too.
  module SecretKeyBase
    # Rails before 7.1 makes each verifier by itself and knows no rotation for all of them.
    module Verifiers
      def message_verifier(name)
        verifier = super
        @securekey_mutex.synchronize do
          next if @securekey_rotated.include?(name)

          @securekey_rotated << name
          @securekey_older.call.each do |text|
            verifier.rotate(CookieKeys.generator(text).generate_key(name.to_s))
          end
        end
        verifier
      end
    end

    module_function

    def follow(app, texts)
      first = texts.first
      older = texts.accepted - [first]
      app.define_singleton_method(:secret_key_base) { first }
      app.config.secret_key_base = first
      return older.each { |text| app.message_verifiers.rotate(secret_key_base: text) } if app.respond_to?(:message_verifiers)

      app.instance_exec do
        @securekey_mutex = Mutex.new
        @securekey_rotated = []
        @securekey_older = -> { older }
      end
      app.singleton_class.prepend(Verifiers)
    end
  end
  private_constant :SecretKeyBase
end
