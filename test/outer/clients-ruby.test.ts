import { describeRuby } from './support/minitest.ts'

describeRuby('the gem, without a framework', ['keyring_test.rb'])
