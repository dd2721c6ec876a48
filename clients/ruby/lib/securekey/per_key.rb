# frozen_string_literal: true

module Securekey
  # What a framework makes of a key once and uses at each request, for a ring whose keys change: made at its first use, and
  # kept for the keys that came last.
  module PerKey
    MOST = 16

    # Returns a block from the text of a key to what `build` makes of it. What it keeps stands in the block alone, so that
    # nothing that walks over fields meets a key.
    def self.made(texts, &build)
      made = texts.to_h { |text| [text, build.call(text)] }.freeze
      most = made.size + MOST
      lambda do |text|
        made.fetch(text) do
          build.call(text).tap { |built| made = made.to_a.last(most - 1).to_h.merge(text => built).freeze }
        end
      end
    end
  end
  private_constant :PerKey
end
