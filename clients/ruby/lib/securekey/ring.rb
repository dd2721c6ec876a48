# frozen_string_literal: true

module Securekey
  # The keys in their order, newest first, and which of them count at a moment. Holds no clock.
  class Ring
    # `material` is the key, `until_ms` its end (nil: it has none).
    Member = Struct.new(:material, :use, :version, :until_ms, keyword_init: true) do
      def accepted?(now_ms)
        until_ms.nil? || use != 'verify' || now_ms < until_ms
      end
    end

    attr_reader :first, :second, :members

    def initialize(pair, announcement)
      @announcement = announcement
      @first, @second = pair
      @members = [*brought('next'), *of_secure_key, *brought('verify')].each(&:freeze).freeze
      freeze
    end

    # The keys that are accepted now, newest first. Both keys of SECURE_KEY always are.
    def accepted(now_ms)
      members.select { |member| own?(member) || member.accepted?(now_ms) }.map(&:material)
    end

    # For frameworks that sign with the first of a list and accept all of it.
    def list(signing, now_ms)
      coming = members.select { |member| member.use == 'next' }.map(&:material)
      [signing] + (accepted(now_ms) - [signing] - coming) + coming
    end

    # Whether this key stands behind that one, newest first.
    def older?(material, than)
      place(material) > place(than)
    end

    def inspect
      "#<Securekey::Ring #{members.map { |member| "#{member.material.kid} #{member.use}" }.join(', ')}>"
    end

    private

    def place(material)
      members.index { |member| member.material.equal?(material) }
    end

    def own?(member)
      member.material.equal?(first) || member.material.equal?(second)
    end

    def of_secure_key
      return unannounced unless @announcement

      signs = @announcement.keys.find { |key| key.use == 'sign' }
      known = @announcement.second
      [
        Member.new(material: first, use: 'sign', version: signs.version),
        Member.new(material: second, use: known ? 'verify' : 'filler', version: known&.version, until_ms: known&.until_ms)
      ]
    end

    # A second key is not there where all were revoked.
    def unannounced
      [first, second].compact.zip(%w[sign verify]).map { |material, use| Member.new(material: material, use: use) }
    end

    def brought(use)
      return [] unless @announcement

      keys = @announcement.keys.select { |key| key.material && key.use == use }
      keys.map { |key| Member.new(material: key.material, use: use, version: key.version, until_ms: key.until_ms) }
    end
  end
  private_constant :Ring
end
