# frozen_string_literal: true

module Securekey
  # Reads SECURE_KEY: exactly two keys with one comma between them. Nothing is trimmed, nothing is guessed.
  module KeyPair
    module_function

    # The two keys, the one that signs first. Raises an error that names the variable and the place, never the text.
    def read(text, variable)
      bytes = PlainText.bytes(text)
      refuse('missing', 'is not set', variable) if bytes.nil? || bytes.empty?
      parts = bytes.split(',', -1)
      refuse('not-two-keys', 'is not two keys with one comma between them', variable) unless parts.size == 2
      pair = parts.each_with_index.map { |part, at| Material.of(part) || refuse_key(variable, at + 1) }
      refuse('same-key-twice', 'holds the same key twice', variable, 2) if pair[0] == pair[1]
      pair.freeze
    end

    def refuse_key(variable, place)
      refuse('bad-key', "holds something else than 64 digits 0-9A-F in place #{place}", variable, place)
    end

    def refuse(code, what, variable, place = nil)
      raise Error.new(code, "#{variable} #{what}", variable: variable, place: place)
    end
    private_class_method :refuse_key, :refuse
  end
  private_constant :KeyPair
end
