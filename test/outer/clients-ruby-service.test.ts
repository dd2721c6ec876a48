import { describe, expect, onTestFinished, test } from 'vitest'
import { requestRotation } from '../../src/flows/dashboard/request-rotation.ts'
import { revokeKeys } from '../../src/flows/dashboard/revoke-keys.ts'
import { type ApiHarness, startApi } from '../api/support/api.ts'
import { ANN, tokenOf } from '../api/support/token.ts'
import { DAY, HOUR, MINUTE } from '../support/harness.ts'
import { type Said, startRubyApp } from './support/ruby-app.ts'
import { machineGems } from './support/ruby-gems.ts'
import { isMissing, RUBY } from './support/toolchain.ts'

const { missing } = machineGems('rack')

/** An app of Ruby that holds the config vars of now, asks this service, and is never restarted. */
async function startRuby(h: ApiHarness) {
  const { SECURE_KEY = '', SECURE_KEYRING = '' } = h.heroku.view.configVars('service-1')
  const now = () => h.clock.now().getTime() / 1_000
  const { text: token } = await tokenOf(h, ['keyring'])
  const variables = { SECURE_KEY, SECURE_KEYRING, HEROKU_APP_NAME: 'service-1', DYNO: 'web.1' }
  const app = startRubyApp(variables, { url: `${h.url}/v1`, token, now: now() })
  onTestFinished(app.stop)
  return { get: app.ask, pickUp: (cookies = {}) => app.ask({ ask_at: now(), cookies }) }
}

async function rotate(h: ApiHarness): Promise<void> {
  await requestRotation(h.deps, { resourceId: h.addon.id, actor: ANN, evenIfTooSoon: true })
  await h.worker1.tick()
}

function signsAtHeroku(h: ApiHarness): string {
  return JSON.parse(h.heroku.view.configVars('service-1').SECURE_KEYRING ?? '').keys[0].kid
}

describe.skipIf(isMissing(RUBY) || missing !== undefined)('a Ruby process and the service', () => {
  test('three rotations reach a process that does not restart, and nobody is logged out', async () => {
    const h = await startApi()
    const app = await startRuby(h)
    let visit: Said = await app.get({ path: '/login' })
    for (const _ of [1, 2, 3]) {
      h.clock.advance(10 * DAY)
      await rotate(h)
      h.clock.advance(MINUTE)
      visit = await app.pickUp(visit.cookies)
      expect(visit.says).toBe('ada')
      h.clock.advance(2 * HOUR)
      visit = await app.pickUp(visit.cookies)
      expect([visit.says, visit.kid]).toEqual(['ada', signsAtHeroku(h)])
    }
    // The first answer, and the first after each rotation; the second found nothing new.
    expect(visit.refresh).toMatchObject({ state: 'fresh', taken: 4, unchanged: 3, failed: 0, check_ins: 7 })
    const read = await h.callerWith('read')
    const { text } = await read('GET', '/resource')
    expect(text).toMatch(new RegExp(`"process":"web.1/\\d+","signs_with":"${visit.kid}"`))
  })

  test('a revoke ends every login at once, and the new keys are taken when they are there', async () => {
    const h = await startApi()
    const app = await startRuby(h)
    const { cookies } = await app.get({ path: '/login' })
    h.clock.advance(HOUR)
    await revokeKeys(h.deps, { resourceId: h.addon.id, actor: ANN, keepTokens: true })
    expect(await app.pickUp(cookies)).toMatchObject({ says: 'nobody', refresh: { state: 'revoked' } })
    await h.worker1.tick()
    const after = await app.pickUp(cookies)
    expect(after).toMatchObject({
      says: 'nobody',
      kid: signsAtHeroku(h),
      refresh: { state: 'fresh', failed: 0 },
    })
    const login = await app.get({ path: '/login' })
    expect(await app.get({ cookies: login.cookies })).toMatchObject({ says: 'ada' })
  })

  test('a revoke that ends its token stops it, and the app goes on', async () => {
    const h = await startApi()
    const app = await startRuby(h)
    await revokeKeys(h.deps, { resourceId: h.addon.id, actor: ANN, keepTokens: false })
    expect(await app.pickUp()).toMatchObject({ refresh: { state: 'stopped', stopped: 'unauthenticated' } })
    const { cookies } = await app.get({ path: '/login' })
    expect(await app.get({ cookies })).toMatchObject({ says: 'ada' })
  })
})
