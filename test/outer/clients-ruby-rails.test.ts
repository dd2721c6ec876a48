import { describeRuby } from './support/minitest.ts'
import { machineGems, newerGems } from './support/ruby-gems.ts'

const newer = await newerGems()

describeRuby('Rails 6.1', ['rails_test.rb', 'cookies_test.rb'], {
  ...machineGems('minitest', 'rails', 'action_controller/railtie'),
  version: '6.1.',
})
describeRuby('Rails 7.2', ['rails_test.rb', 'cookies_test.rb'], { ...newer, version: '7.2.' })
