import { execFile } from 'node:child_process'
import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, afterEach, beforeEach, describe, expect, test } from 'vitest'
import { removeFolder } from '../../support/remove-folder.ts'
import { RUBY_CLIENT } from '../support/minitest.ts'
import { type Gems, machineGems, newerGems } from '../support/ruby-gems.ts'
import { isMissing, RUBY } from '../support/toolchain.ts'
import type { Cookies } from './support/browser-cookies.ts'
import { type KeyService, keyService } from './support/key-service.ts'
import { stateNamed } from './support/lives-through-rotations.ts'
import { blockAt } from './support/page-blocks.ts'
import { type RubyAround, rubyApp } from './support/ruby-apps.ts'
import { type Start, startApp } from './support/running-app.ts'

/** The lines of the pages for apps that take new keys while they run. */
const LIMIT_MS = 180_000
const HEADING = 'Without a restart'
const APPS: { page: string; heading: string; restarted: string; around: RubyAround }[] = [
  { page: 'rails', heading: HEADING, restarted: 'With the library', around: 'rails' },
  {
    page: 'sinatra-rack',
    heading: `Sinatra / ${HEADING}`,
    restarted: 'Sinatra / With the library',
    around: 'sinatra',
  },
]
const FRAMEWORKS: Record<string, Gems> = {
  'Sinatra 3 and Rails 6.1': machineGems('rack', 'sinatra/base', 'action_controller/railtie'),
  'Sinatra 4 and Rails 7.2': await newerGems(),
}
const noRuby = isMissing(RUBY)

let service: KeyService
beforeEach(async () => {
  service = await keyService('rotated twice')
})
afterEach(async () => await service.stop())

test.skipIf(noRuby)('the program of the page Ruby prints what its comment says', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'securekey-snippet-'))
  const file = join(folder, 'a.rb')
  writeFileSync(file, blockAt('docs/using/ruby.md', HEADING, 'ruby'))
  const { secure_key, secure_keyring } = stateNamed('fresh')
  const own = { SECURE_KEY: secure_key, SECURE_KEYRING: secure_keyring ?? '', ...service.variables }
  const { stdout } = await promisify(execFile)('ruby', ['-I', join(RUBY_CLIENT, 'lib'), file], {
    env: { PATH: process.env.PATH, ...own },
    timeout: LIMIT_MS,
  }).finally(() => removeFolder(folder))
  expect(stdout).toBe('fresh\n')
})

for (const [version, { env, missing }] of Object.entries(FRAMEWORKS)) {
  if (missing) console.warn(`Skipped: ${missing}`)

  describe.skipIf(noRuby || missing !== undefined)(version, () => {
    describe.each(APPS)('$page', ({ page, heading, restarted, around }) => {
      const apps: Start[] = [heading, restarted].map((at) =>
        rubyApp(`docs/using/${page}.md`, at, around, env),
      )
      afterAll(async () => {
        for (const { cwd } of apps) await removeFolder(cwd)
      })

      test(
        'an app that was started with old keys knows a login of the newest, and the other way round',
        async () => {
          const [live, other] = apps
          if (!live || !other) throw new Error('there are two apps')
          const restartedApp = await startApp(other, stateNamed('rotated twice'))
          const liveApp = await startApp(
            { ...live, env: { ...env, ...service.variables } },
            stateNamed('fresh'),
          )
          try {
            await service.checkedIn()
            for (const [from, to] of [
              [restartedApp, liveApp],
              [liveApp, restartedApp],
            ] as const) {
              const visitor: Cookies = new Map()
              await from.get('/login', visitor)
              expect(await to.get('/visit', visitor)).toBe('42')
            }
          } finally {
            await Promise.all([liveApp.stop(), restartedApp.stop()])
          }
        },
        LIMIT_MS,
      )
    })
  })
}
