import { afterAll, beforeAll, describe, test } from 'vitest'
import { removeFolder } from '../../support/remove-folder.ts'
import { type Gems, machineGems, newerGems } from '../support/ruby-gems.ts'
import { isMissing, RUBY } from '../support/toolchain.ts'
import {
  expectLoginLivesThroughRotations,
  expectNoStartWithoutKeys,
} from './support/lives-through-rotations.ts'
import { type RubyAround, rubyApp } from './support/ruby-apps.ts'
import type { Start } from './support/running-app.ts'
import { RUBY_APPS } from './support/runs.ts'

const LIMIT_MS = 180_000
const FRAMEWORKS: Record<string, Gems> = {
  'Rack 2, Sinatra 3 and Rails 6.1': machineGems('rack', 'sinatra/base', 'action_controller/railtie'),
  'Rack 3, Sinatra 4 and Rails 7.2': await newerGems(),
}
const noRuby = isMissing(RUBY)

for (const [version, { env, missing }] of Object.entries(FRAMEWORKS)) {
  const rack = version.startsWith('Rack 2') ? 2 : 3
  const apps = RUBY_APPS.filter(
    ({ heading }) => !/Rack [23]$/.test(heading) || heading.endsWith(`Rack ${rack}`),
  )
  if (missing) console.warn(`Skipped: ${missing}`)

  describe.skipIf(noRuby || missing !== undefined)(version, () => {
    describe.each(apps)('$page, $heading', ({ page, heading, around, renews }) => {
      let start: Start
      beforeAll(() => {
        start = rubyApp(page, heading, around as RubyAround, env)
      })
      afterAll(() => removeFolder(start.cwd))

      test('a login outlives a rotation, and ends with a revoke', { timeout: LIMIT_MS }, async () => {
        await expectLoginLivesThroughRotations(start, { renews })
      })

      test('the app does not start without two keys, and shows none', { timeout: LIMIT_MS }, async () => {
        await expectNoStartWithoutKeys(start)
      })
    })
  })
}
