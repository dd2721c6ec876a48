# frozen_string_literal: true

module Securekey
  # What `verify` returns: the text, who signed it and how long it is good; or the reason why it is refused. Frozen.
  Verdict = Struct.new(:text, :kid, :expires_at, :renew, :reason, keyword_init: true) do
    def ok?
      reason.nil?
    end

    # Whether to sign the text again, because the key that signed it goes before the one that signs now.
    def renew?
      renew == true
    end
  end
end
