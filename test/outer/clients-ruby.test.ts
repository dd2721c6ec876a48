import { describeRuby } from './support/minitest.ts'
import { machineGems, newerGems } from './support/ruby-gems.ts'

const newer = await newerGems()

describeRuby('the gem, without a framework', [
  'keyring_test.rb',
  'token_test.rb',
  'surroundings_test.rb',
  'check_test.rb',
])
describeRuby('live pick-up in Ruby', [
  'live_answers_test.rb',
  'live_waits_test.rb',
  'live_start_test.rb',
  'live_tls_test.rb',
  'live_process_test.rb',
])
describeRuby('the vectors, in Ruby', ['vectors_test.rb'])
describeRuby('live pick-up with Rack 2.2 and Sinatra 3', ['live_rack_test.rb'], {
  ...machineGems('minitest', 'sinatra/base'),
  version: '2.2.',
})
describeRuby('live pick-up with Rack 3.1 and Sinatra 4', ['live_rack_test.rb'], { ...newer, version: '3.1.' })
describeRuby('live pick-up with Puma', ['live_puma_test.rb'], machineGems('minitest', 'rack', 'puma'))
describeRuby('Rack 2.2', ['rack_test.rb'], { ...machineGems('minitest', 'rack'), version: '2.2.' })
describeRuby('Rack 3.1 with rack-session 2.1', ['rack_test.rb'], { ...newer, version: '3.1.' })
describeRuby('Sinatra 3', ['sinatra_test.rb'], { ...machineGems('minitest', 'sinatra/base'), version: '3.' })
describeRuby('Sinatra 4', ['sinatra_test.rb'], { ...newer, version: '4.' })
