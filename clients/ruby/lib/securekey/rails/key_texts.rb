# frozen_string_literal: true

require 'digest'

module Securekey
  # The keys of a ring as texts, with what Rails has to know of them at each use.
  class KeyTexts
    # `life`: the age of a cookie in seconds; nil: the guaranteed life.
    def initialize(ring, life)
      @ring = ring
      @life = life
      freeze
    end

    # All that are accepted now, the one that signs first.
    def accepted
      @ring.cookie_secrets(@life)
    end

    def signing
      accepted.first
    end

    # The first key of SECURE_KEY, settle time or not.
    def first
      @ring.held.ring.first.text
    end

    # Whether this key stands behind the one that signs now. A text that is no key of the ring does.
    def older?(text)
      kids = @ring.held.kids
      place(kids, text) > place(kids, signing)
    end

    private

    def place(kids, text)
      kids.index(kid(text)) || kids.size
    end

    def kid(text)
      Digest::SHA256.hexdigest(text)[0, 8]
    end
  end
  private_constant :KeyTexts
end
