# frozen_string_literal: true

require 'json'

module Securekey
  # The two things that are asked of the service: the keys, and to note what this process signs with.
  class LiveService
    def initialize(live)
      @live = live
      @fetch = live.fetch
    end

    # The keys: an answer, whatever comes. `tag`: of those that are held, so that they are not sent again.
    def keys(tag: nil, held: nil, revoked: false)
      fields = tag ? common.merge('If-None-Match' => tag) : common
      response = @fetch.call('GET', '/keyring', fields)
      LiveAnswer.new(response, tag_sent: !tag.nil?, held: held, revoked: revoked)
    rescue LiveHttp::Failed => e
      LiveAnswer.new(nil, word: e.word)
    rescue StandardError
      LiveAnswer.new(nil, word: 'unreachable')
    end

    # Whether the service has noted it. `counts` are sent where the app allows it.
    def check_in(kid, version, counts)
      said = { app: @live.app, process: @live.process, signs_with: kid }
      said[:version] = version if version
      said[:counts] = counts if @live.telemetry
      fields = common.merge('Content-Type' => 'application/json')
      @fetch.call('POST', '/check-ins', fields, body: JSON.generate(said), read: []).status.between?(200, 299)
    rescue StandardError
      false
    end

    private

    def common
      { 'Authorization' => "Bearer #{@live.token}", 'Accept' => 'application/json', 'Accept-Encoding' => 'identity' }
    end
  end
  private_constant :LiveService
end
