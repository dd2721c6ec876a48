import { describeRuby } from './support/minitest.ts'
import { machineGems, newerGems } from './support/ruby-gems.ts'

const newer = await newerGems()

describeRuby('Rails 6.1', ['rails_test.rb', 'cookies_test.rb'], {
  ...machineGems('minitest', 'rails', 'action_controller/railtie'),
  version: '6.1.',
})
describeRuby('live pick-up with Rails 6.1', ['live_rails_test.rb'], {
  ...machineGems('minitest', 'rails', 'action_controller/railtie'),
  version: '6.1.',
})
describeRuby('live pick-up with Rails 7.2', ['live_rails_test.rb'], { ...newer, version: '7.2.' })
describeRuby('Rails 7.2', ['rails_test.rb', 'cookies_test.rb'], { ...newer, version: '7.2.' })
