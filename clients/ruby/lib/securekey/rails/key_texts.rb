# frozen_string_literal: true

require 'digest'

module Securekey
  # The keys of a ring as texts, with what Rails has to know of them at each use.
  class KeyTexts
    # `life`: how long, in seconds, what is signed is to be good; nil: the guaranteed life.
    def initialize(ring, life)
      @ring = ring
      @life = life
      @places = ring.keys.each_with_index.to_h { |key, at| [key.kid, at] }
      @first_kid = ring.keys.find { |key| key.use == 'sign' }.kid
      freeze
    end

    # All that are accepted now, the one that signs first.
    def accepted
      @ring.secrets(life: @life)
    end

    def signing
      accepted.first
    end

    # The first key of SECURE_KEY, settle time or not.
    def first
      accepted.find { |text| kid(text) == @first_kid }
    end

    # Whether this key stands behind the one that signs now. A text that is no key of the ring does.
    def older?(text)
      place(text) > place(signing)
    end

    private

    def place(text)
      @places.fetch(kid(text), @places.size)
    end

    def kid(text)
      Digest::SHA256.hexdigest(text)[0, 8]
    end
  end
  private_constant :KeyTexts
end
