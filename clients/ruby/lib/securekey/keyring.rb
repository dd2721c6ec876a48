# frozen_string_literal: true

module Securekey
  # The keys of an app: signs with one, accepts all that are good. Safe to share between threads, and to fork.
  #
  # Nothing that prints, dumps or walks over it shows a key.
  class Keyring
    include RackOptions

    DERIVED_BYTES = (16..64).freeze

    # A key as it may be shown. `until` is a Time, or nil.
    Key = Struct.new(:kid, :use, :version, :until, keyword_init: true)

    def initialize(options)
      pair = KeyPair.read(options.secure_key, options.variable)
      held = Held.new(pair, announcement(options, pair), options)
      @clock = options.clock
      @tally = Tally.new(held.kids, options.on_stale)
      @live = pickup(held, options)
      @held = held unless @live
      freeze
      @live&.start
    end

    # For adapters: all that the ring holds at this moment, as one thing that never changes.
    def held
      @live ? @live.held : @held
    end

    # With `refresh`: waits until the service was asked for the first time, whatever came of it, ten seconds at most. It
    # never raises. Returns the ring.
    def ready
      @live&.ready
      self
    end

    # With `refresh`: asks no more. The ring stays as it is.
    def close
      @live&.close
      nil
    end

    # How long, in seconds, a signature is good at least, whatever the schedule does.
    def guaranteed_life
      held.guaranteed_life
    end

    # The kid of the key that signs now.
    def kid
      held.signing(now_ms).kid
    end

    # All keys, newest first, by kid, use, version and end.
    def keys
      held.keys
    end

    # Why the keys were published: `scheduled`, `manual`, `plan-change`, `revoke`, `provision`; nil without a keyring.
    def reason
      held.reason
    end

    def rotated_at
      AnnouncedDate.time(held.announcement&.rotated_at_ms)
    end

    def next_rotation_at
      AnnouncedDate.time(held.announcement&.next_rotation_at_ms)
    end

    # Signs a text for one purpose. `expires_in`: whole seconds, a text such as `12h`, or a duration of ActiveSupport.
    # Raises an error whose code says what is wrong, and refuses a life that no rotation schedule guarantees.
    def sign(text, purpose: nil, expires_in: nil)
      purpose = Token.purpose(purpose) || refuse('bad-purpose', 'a purpose is 1 to 100 of A-Z a-z 0-9 . _ : / -')
      text = PlainText.utf8(text) || refuse('bad-text', 'only a text of valid Unicode can be signed')
      refuse('text-too-long', 'a text of more than 8,192 bytes') if text.bytesize > Token::LONGEST_TEXT_BYTES
      held = self.held
      life = checked_life(expires_in, held.guaranteed_life)
      now = now_ms
      expires_at = now / 1000 + life
      material = held.signing(now, good_until_ms: expires_at * 1000)
      @tally.signed(material.kid)
      Token.make(material, purpose, expires_at, text)
    end

    # Judges anything at all and never raises: a frozen result with the text, or with the reason why it is refused.
    def verify(token, purpose: nil)
      @tally.judged(*judge(token, Token.purpose(purpose)))
    end

    # A key for one purpose: HKDF-SHA256 of the key that signs now, or of the accepted key with this kid.
    def derive(purpose, length: 32, kid: nil)
      name = Token.purpose(purpose) || refuse('bad-purpose', 'a purpose is 1 to 100 of A-Z a-z 0-9 . _ : / -')
      bytes = Whole.number(length)
      refuse('bad-length', 'a derived key has 16 to 64 bytes') unless DERIVED_BYTES.cover?(bytes)
      held = self.held
      now = now_ms
      material = kid.nil? ? held.signing(now) : held.accepted(now).find { |key| key.kid == PlainText.bytes(kid) }
      early(held, kid) unless material
      (material || refuse('unknown-key', 'no accepted key has this kid')).derive("securekey/v1/#{name}", bytes)
    end

    # The texts of the accepted keys, for frameworks that sign with the first of a list. The order is that of this moment.
    # `life`: how long what they sign is to be good; the guaranteed life if it is not said.
    def secrets(life: nil)
      held = self.held
      seconds = life.nil? ? held.guaranteed_life : Life.seconds(life) || refuse('bad-life', 'a life is a number of whole seconds')
      held.list(now_ms, seconds).map(&:text)
    end

    # For adapters: the texts for a cookie of this age. It is written again at each visit, so no more of its age counts than
    # is guaranteed: for one that outlives the second key there is no settle time, and processes would not know each other's.
    def cookie_secrets(age)
      secrets(life: [Life.seconds(age), guaranteed_life].compact.min)
    end

    # How many texts were `signed` and `verified` by each key of this ring, and `refused` for each reason. With `refresh`:
    # what came of it.
    def stats
      @live ? @tally.stats.merge(refresh: @live.stats) : @tally.stats
    end

    def inspect
      "#<Securekey::Keyring #{held.ring.members.map { |member| "#{member.material.kid} #{member.use}" }.join(', ')}>"
    end
    alias to_s inspect

    def pretty_print(printer)
      printer.text(inspect)
    end

    # What may be shown, for `to_json` of any kind and for YAML.
    def as_json(*)
      shown = keys.map { |key| key.to_h.transform_keys(&:to_s).merge('until' => key.until&.iso8601(3)) }
      { 'kid' => kid, 'keys' => shown, 'reason' => reason, 'rotated_at' => rotated_at&.iso8601(3),
        'next_rotation_at' => next_rotation_at&.iso8601(3), 'guaranteed_life' => guaranteed_life }
    end

    def to_json(*arguments)
      as_json.to_json(*arguments)
    end

    def encode_with(coder)
      coder.map = as_json
    end

    def marshal_dump
      raise TypeError, 'a keyring is not dumped: it holds keys'
    end

    private

    def now_ms
      @clock.now_ms
    end

    def announcement(options, pair)
      return if options.without_keyring?

      read = Announcement.read(options.secure_keyring, pair)
      return read if read.is_a?(Announcement)

      KeyringWarning.tell(read, options)
      nil
    end

    def pickup(held, options)
      live = LiveOptions.read(options.refresh, options.env, options.variable)
      return unless live

      LivePickup.new(held, live, options.terms, @tally).tap do |pickup|
        # A ring that nobody has any more is to ask no more.
        ObjectSpace.define_finalizer(self, LivePickup.closer(pickup))
      end
    end

    # The verdict, and the kid that counts for it.
    def judge(token, purpose)
      return refusal('bad-purpose') unless purpose

      parts = Token.parse(token)
      return refusal('malformed') unless parts

      held = self.held
      now = @clock.judging_ms
      candidates = held.accepted(now).select { |key| key.kid == parts.kid }
      return stale(held, parts.kid, now) if candidates.empty?

      maker = candidates.find { |key| Token.made_by?(key, purpose, parts) }
      return refusal('bad-mac', candidates.first.kid) unless maker
      return refusal('expired', maker.kid) if now / 1000 >= parts.expires_at

      verdict = Verdict.new(text: parts.text, kid: maker.kid, expires_at: parts.expires_at, renew: held.older?(maker, now))
      [verdict.freeze, maker.kid]
    end

    def refusal(reason, kid = nil)
      [Verdict.new(reason: reason).freeze, kid]
    end

    def stale(held, kid, now)
      @tally.tell_stale(kid, now)
      early(held, kid)
      refusal('unknown-key')
    end

    # The service may know it already. A key that has ended is known here.
    def early(held, kid)
      kid = PlainText.bytes(kid)
      @live&.early if kid&.match?(Token::KID) && !held.kids.include?(kid)
    end

    def checked_life(expires_in, longest)
      life = Life.seconds(expires_in) || refuse('bad-life', 'a life is a number of whole seconds above 0, or a text such as 12h')
      return life if life <= longest

      refuse('life-too-long', "a life of #{life} seconds is longer than the #{longest} that a signature is good at least")
    end

    def refuse(code, message)
      raise Error.new(code, message)
    end
  end
end
