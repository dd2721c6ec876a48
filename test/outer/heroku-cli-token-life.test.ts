import { describe, expect, test } from 'vitest'
import { stateOf } from '../support/resource.ts'
import { NO_CLI, sharedCliWorld, unwrapped } from './support/heroku-cli-world.ts'

/** Each command is a process of a second or two, and of more where others work on the machine. */
const TEST_LIMIT_MS = 300_000
const world = sharedCliWorld()

describe.skipIf(NO_CLI)('heroku securekey:token-life', { timeout: TEST_LIMIT_MS }, () => {
  test('shows the life that addons:create was given, takes another, and a shorter one after the name of the app', async () => {
    const { harness, heroku, securekey, exchanged } = world()
    await harness.heroku.customer.createApp('life-1')
    const created = await heroku(`addons:create securekey:fortnightly -a life-1 -- --token-life 30d`)
    const [, name = ''] = /Created (\S+) as /.exec(created.stdout) ?? []
    expect(created.code, created.stderr).toBe(0)
    const { id } = harness.heroku.view.addon(name)
    await exchanged(id)
    const says = async (words: string, stdout: RegExp) => {
      const ran = await securekey(words)
      expect(ran.code, `${words}: ${ran.stderr}`).toBe(0)
      expect(unwrapped(ran.stdout), words).toMatch(stdout)
    }
    await says(`token-life ${name}`, /^What your apps sign is good for 30d\./)
    await says('token-life 60d -a life-1', /^The token life is 60d\. What your apps sign is good for 60d\./)
    await says(`token-life 60d ${name}`, /^The token life is 60d already\./)
    await says('info -a life-1', /Token life: 60d/)

    const asked = await securekey('token-life off -a life-1')
    expect(asked.code).toBe(1)
    expect(unwrapped(asked.stderr)).toContain('is good for less time once another key signs')
    expect(unwrapped(asked.stderr)).toContain('Re-run this command with --confirm life-1')
    expect((await stateOf(harness.deps, id)).tokenLifeMs).not.toBeNull()
    await says('token-life off -a life-1 --confirm life-1', /^No token life is stated\./)
    expect((await stateOf(harness.deps, id)).tokenLifeMs).toBeNull()

    const refused = await securekey('token-life 200d -a life-1')
    expect(refused.code).toBe(2)
    expect(unwrapped(refused.stderr)).toContain(
      'needs 16 keys when they rotate every 14d, and at most 8 are kept',
    )
  })
})
