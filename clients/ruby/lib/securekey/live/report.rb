# frozen_string_literal: true

module Securekey
  # What live pick-up has come to, in counts and words: nothing of it is a key, a token or an address.
  class LiveReport
    COUNTS = %i[taken unchanged failed check_ins check_ins_failed].freeze
    # So many failures in a row are worth a word.
    WORTH_A_WORD = 3

    attr_reader :in_a_row, :stopped

    def initialize
      @counts = COUNTS.to_h { |name| [name, 0] }
      @in_a_row = 0
      @begun = false
      @revoked = false
    end

    def count(name)
      @counts[name] += 1
    end

    def revoked?
      @revoked
    end

    # An answer that was no failure.
    def succeeded(revoked: false)
      @begun = true
      @in_a_row = 0
      @failure = nil
      @revoked = revoked
    end

    # Returns whether this is the one to be told.
    def failed(word)
      count(:failed)
      @begun = true
      @failure = word
      @in_a_row += 1
      @in_a_row == WORTH_A_WORD
    end

    def ended(word)
      @begun = true
      @stopped = word
    end

    def to_h
      { state: state, **@counts, in_a_row: @in_a_row, failure: @failure, stopped: @stopped }
    end

    private

    def state
      return 'stopped' if @stopped
      return 'starting' unless @begun
      return 'revoked' if @revoked

      @in_a_row.zero? ? 'fresh' : 'failing'
    end
  end
  private_constant :LiveReport
end
