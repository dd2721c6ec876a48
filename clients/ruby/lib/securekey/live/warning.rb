# frozen_string_literal: true

module Securekey
  # What live pick-up says where the other warnings go: no key, no token, no address.
  module LiveWarning
    SENTENCES = {
      'refresh-failing' => 'new keys could not be fetched three times in a row (%s): the ring goes on with what it has',
      'refresh-revoked' => 'the keys are revoked: nothing that was signed is accepted until the new ones come',
      'refresh-stopped' => 'new keys are fetched no more (%s): the token must be replaced, or the add-on is gone'
    }.freeze

    module_function

    def tell(code, word, options)
      message = "#{options.variable}: #{SENTENCES.fetch(code).sub('%s', word.to_s)} (#{code})"
      return Callback.tell(options.on_warning, code, message) if options.on_warning

      Kernel.warn("securekey: #{message}")
    rescue StandardError
      nil
    end
  end
  private_constant :LiveWarning

  # What an app is told in a block of its own. Whatever it raises there is its own affair, and ends nothing.
  module Callback
    module_function

    def tell(block, *said)
      block&.call(*said)
    rescue StandardError, ScriptError, SystemStackError
      nil
    end
  end
  private_constant :Callback
end
