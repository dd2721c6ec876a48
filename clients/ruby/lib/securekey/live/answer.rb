# frozen_string_literal: true

module Securekey
  # What an answer of the service is, the first that fits: the table of the page of all client libraries.
  class LiveAnswer
    TAG = %r{\A(?:W/)?"[\x21\x23-\x7e]{0,200}"\z}.freeze
    JSON_TYPE = %r{\Aapplication/json[ \t]*(?:;|\z)}i.freeze
    PROBLEM_TYPE = %r{\Aapplication/(?:problem\+)?json[ \t]*(?:;|\z)}i.freeze
    REVOKED = 'urn:securekey:problem:keys-revoked'
    ENDS = { 401 => 'unauthenticated', 410 => 'resource-gone' }.freeze

    # `kind` is :taken, :unchanged, :revoked, :end or :failure; `word` says which end or failure. `pair` and `announcement`
    # are what was taken.
    attr_reader :kind, :word, :pair, :announcement

    # `tag_sent`: whether the request named the keys that are held. `held`: what an answer must not contradict; nil: anything
    # goes. `revoked`: it was revoked, so that none of it may come back.
    # Without a response, `word` says why there is none.
    def initialize(response, word: nil, tag_sent: false, held: nil, revoked: false)
      @response = response
      @kind, @word = response ? judge(tag_sent, held, revoked) : [:failure, word]
      freeze
    end

    def tag
      tag = field('etag')
      tag if tag&.match?(TAG)
    end

    def field(name)
      @response&.fields&.fetch(name, nil)
    end

    def inspect
      "#<Securekey::LiveAnswer #{kind} #{word}>"
    end

    private

    def judge(tag_sent, held, revoked)
      case @response.status
      when *ENDS.keys then [:end, ENDS[@response.status]]
      when 304 then tag_sent ? [:unchanged] : [:failure, 'not-asked']
      when 300..399 then [:failure, 'redirected']
      when 429 then [:failure, 'too-many-requests']
      when 400..499 then [:failure, 'refused']
      when 200 then judge_body(held, revoked)
      else says_revoked? ? [:revoked] : [:failure, 'server-error']
      end
    end

    def says_revoked?
      @response.status == 503 && typed?(PROBLEM_TYPE) && object&.fetch('type', nil) == REVOKED
    end

    # No coding was asked for, so that what is counted is what was sent.
    def typed?(type)
      field('content-type')&.match?(type) && [nil, 'identity'].include?(field('content-encoding')&.downcase)
    end

    def judge_body(held, revoked)
      return [:failure, 'too-large'] if @response.body.nil?
      return [:failure, 'unreadable'] unless read

      problem = held && (revoked ? returning(held) : contradicting(held))
      problem ? [:failure, problem] : [:taken]
    end

    # Whether the texts are as right as those of the variables must be.
    def read
      return false unless typed?(JSON_TYPE)

      key, keyring = object&.values_at('secure_key', 'secure_keyring')
      return false unless key.is_a?(String) && keyring.is_a?(String)

      @pair = KeyPair.read(key, 'secure_key')
      @announcement = Announcement.read(keyring, @pair)
      @announcement.is_a?(Announcement)
    rescue Error
      false
    end

    # A server that lies, or was restored, takes no process back to older keys, and puts no other in the place of one.
    def contradicting(held)
      return 'older' if held.version && version < held.version

      known = held.ring.members.to_h { |member| [member.version, member.material.kid] }
      'other-key' if @announcement.keys.any? { |key| known.fetch(key.version, key.kid) != key.kid }
    end

    # What was revoked never comes back, whoever offers it.
    def returning(held)
      'older' if (held.version && version <= held.version) || (@announcement.keys.map(&:kid) + @pair.map(&:kid)).any? { |kid| held.kids.include?(kid) }
    end

    def version
      @announcement.keys.find { |key| key.use == 'sign' }.version
    end

    def object
      PlainJson.object(@response.body, LiveHttp::LONGEST_BODY)
    end
  end
  private_constant :LiveAnswer
end
