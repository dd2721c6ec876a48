# frozen_string_literal: true

module Securekey
  # The one warning about a keyring that is not used. It names the variable, and nothing that stands in it.
  module KeyringWarning
    SENTENCES = {
      'keyring-missing' => 'is not set: settle time and the guaranteed life are unknown',
      'keyring-unreadable' => 'cannot be read and is ignored',
      'keyring-other-form' => 'is of another form and is ignored: a newer version of this library may know it',
      'keyring-other-keys' => 'speaks of other keys and is ignored'
    }.freeze

    module_function

    # Tells `on_warning(code, message)`, or standard error. What the app raises there is its own affair.
    def tell(code, options)
      message = "#{options.variable}RING #{SENTENCES.fetch(code)} (#{code})"
      options.on_warning ? options.on_warning.call(code, message) : Kernel.warn("securekey: #{message}")
    rescue StandardError
      nil
    end
  end
  private_constant :KeyringWarning
end
