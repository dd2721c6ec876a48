# frozen_string_literal: true

require 'securekey/version'
require 'securekey/error'
require 'securekey/whole'
require 'securekey/plain_text'
require 'securekey/plain_json'
require 'securekey/life'
require 'securekey/material'
require 'securekey/key_pair'
require 'securekey/announced_key'
require 'securekey/announcement'
require 'securekey/ring'
require 'securekey/settle_time'
require 'securekey/held'
require 'securekey/token'
require 'securekey/verdict'
require 'securekey/tally'
require 'securekey/clock'
require 'securekey/options'
require 'securekey/keyring_warning'
require 'securekey/live'
require 'securekey/per_key'
require 'securekey/rack/options'
require 'securekey/keyring'

# The keys of the Heroku add-on SecureKey: `Securekey.keyring` reads them, and what it returns signs and verifies.
module Securekey
  # Reads SECURE_KEY and SECURE_KEYRING, or the variable of another name and that name with RING behind it. Raises
  # Securekey::Error if the keys cannot be used; a keyring that is wrong is ignored, with one warning.
  #
  # `settle`: for so many seconds after its start a process signs with the second key (0: never). `max_life`: the longest
  # life that the app counts on. `now` returns the time; `started_at` is when this process started. `refresh`: asks the
  # service for new keys while the process runs (true: where SECURE_KEY_URL says, with the token SECURE_KEY_TOKEN).
  def self.keyring(var: 'SECURE_KEY', value: nil, keyring_value: nil, env: ENV, settle: :default,
                   max_life: nil, now: nil, started_at: nil, refresh: nil, on_warning: nil, on_stale: nil,
                   on_changed: nil, on_stopped: nil)
    options = Options.new(var: var, value: value, keyring_value: keyring_value, env: env, settle: settle,
                          max_life: max_life, now: now, started_at: started_at, refresh: refresh,
                          on_warning: on_warning, on_stale: on_stale, on_changed: on_changed, on_stopped: on_stopped)
    Keyring.new(options)
  end
end

# Where Rails is there, its cookies follow the ring.
require 'securekey/rails' if defined?(Rails::Railtie)
