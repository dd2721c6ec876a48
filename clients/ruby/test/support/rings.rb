# frozen_string_literal: true

require 'support/published'

# The ring of an app some days after a rotation.
module Rings
  NOW = Published.rotated_at(2) + 3 * Published::DAY

  def ring(vars = Published.vars(2), now: NOW, **options)
    defaults = { settle: 0, on_warning: ->(*) {} }
    Securekey.keyring(env: vars, now: -> { now }, started_at: now, **defaults.merge(options))
  end
end
