# frozen_string_literal: true

require 'digest'
require 'json'
require 'securekey'

# The two variables as the service publishes them for an add-on of plan `fortnightly`, rotation by rotation.
module Published
  DAY = 86_400
  PERIOD = 14 * DAY
  # When the first rotation was; any moment would do.
  EPOCH = Time.utc(2026, 3, 2, 12).to_i

  module_function

  def key(number)
    Digest::SHA256.hexdigest("securekey ruby test #{number}").upcase
  end

  def kid(number)
    Digest::SHA256.hexdigest(key(number))[0, 8]
  end

  # Unix seconds of the rotation that made this key the one that signs.
  def rotated_at(number)
    EPOCH + (number - 1) * PERIOD
  end

  # After `number` rotations. `announced`: with the next key. `at`: when it was published, if not when it was due.
  def vars(number, announced: false, at: rotated_at(number), reason: 'scheduled')
    { 'SECURE_KEY' => "#{key(number)},#{key(number - 1)}",
      'SECURE_KEYRING' => JSON.generate(keyring(number, announced, at, reason)) }
  end

  # After a revoke: two keys that nobody has seen, the second one a filler.
  def revoked(at: EPOCH)
    keys = [{ kid: kid(900), version: 901, use: 'sign', until: nil }]
    { 'SECURE_KEY' => "#{key(900)},#{key(901)}",
      'SECURE_KEYRING' => JSON.generate(body(keys, 'revoke', at, revoked_to: 900)) }
  end

  def keyring(number, announced, at, reason)
    keys = [
      { kid: kid(number), version: number + 1, use: 'sign', until: nil },
      { kid: kid(number - 1), version: number, use: 'verify', until: text(at + PERIOD) }
    ]
    if announced
      keys << { kid: kid(number + 1), version: number + 2, use: 'next', until: nil, key: key(number + 1) }
    end
    body(keys, reason, at)
  end
  private_class_method :keyring

  def body(keys, reason, at, revoked_to: 0)
    { v: 1, keys: keys, reason: reason, rotated_at: text(at), next_rotation_at: text(at + PERIOD),
      good_for: PERIOD / 2, mac: "1.#{revoked_to}.mac" }
  end
  private_class_method :body

  def text(seconds)
    Time.at(seconds).utc.iso8601(3)
  end
end
