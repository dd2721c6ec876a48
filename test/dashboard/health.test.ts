import { expect, test } from 'vitest'
import { requestRotation } from '../../src/flows/dashboard/request-rotation.ts'
import { readHealth } from '../../src/flows/read-health.ts'
import { findResource } from '../../src/store/resources.ts'
import { callsTo, type HarnessWithAddon, keysOn, pushes, startWithAddon } from '../support/addon.ts'
import { signedIn } from '../support/browser.ts'
import { CLIENT_SECRET, DAY, HOUR, MINUTE } from '../support/harness.ts'
import { stateOf } from '../support/resource.ts'

const OPERATOR = { type: 'operator' } as const
const READ = { method: 'GET', path: '/config' }
const FOREIGN = [{ name: 'SECURE_KEY', value: `${'A'.repeat(64)},${'B'.repeat(64)}` }]

async function wholePage(h: HarnessWithAddon): Promise<string> {
  h.clock.advance(1_000)
  const browser = await signedIn(h, { addon: h.addon.name })
  return (await browser.get(browser.base)).text
}

/** The first panel of the dashboard, as a reader sees its words. */
async function firstPanel(h: HarnessWithAddon): Promise<string> {
  const text = await wholePage(h)
  const [panel = ''] =
    /<section class="card now[\s\S]*?<figure|<section class="card now[\s\S]*?<\/section>/.exec(text) ?? []
  return panel
    .replace(/<[^>]*>/g, ' ')
    .replaceAll(/\s+/g, ' ')
    .replaceAll('&#39;', "'")
}

async function healthOf(h: HarnessWithAddon): Promise<string> {
  const resource = await findResource(h.deps.db, h.addon.id)
  if (!resource) throw new Error('the add-on is not there')
  return (await readHealth(h.deps.db, resource, await stateOf(h.deps, h.addon.id), h.clock.now())).state
}

test('an add-on without trouble is told by the date of its next rotation alone', async () => {
  const h = await startWithAddon()
  const panel = await firstPanel(h)
  expect(panel).toContain('Next rotation in 14 days')
  expect(panel).not.toContain('Since')
})

test('a lost grant takes the place of the next rotation, says how to make the add-on again, and offers no retry', async () => {
  const h = await startWithAddon()
  await h.deps.db.deleteFrom('oauth_tokens').execute()
  for (const advance of [0, 14 * DAY]) {
    h.clock.advance(advance)
    await h.worker1.tick()
    const panel = await firstPanel(h)
    expect(panel).toContain('No rotation is possible')
    expect(panel).toContain('heroku addons:create securekey:fortnightly --as NEXT_SECURE')
    expect(panel).toContain(`heroku addons:destroy ${h.addon.id}`)
    expect(panel).not.toContain('Next rotation')
    expect(panel).not.toContain('Retry')
    expect(await wholePage(h)).not.toContain('Reload to try again')
  }
})

test('an add-on that is made again as its page says keeps everybody logged in at each step', async () => {
  const h = await startWithAddon()
  await h.deps.db.deleteFrom('oauth_tokens').execute()
  const { customer, view } = h.heroku
  const keysIn = (...names: string[]) =>
    names.flatMap((name) => view.configVars('service-1')[name]?.split(',') ?? [])
  const signedBefore = keysIn('SECURE_KEY')[0]

  const next = await customer.createAddon({ app: 'service-1', plan: 'fortnightly', as: 'NEXT_SECURE' })
  // Both pairs are there at once, so an app can accept all four keys and still sign with the first of the old.
  expect(keysIn('SECURE_KEY', 'NEXT_SECURE_KEY')).toHaveLength(4)
  expect(keysIn('SECURE_KEY', 'NEXT_SECURE_KEY')).toContain(signedBefore)
  const signedAfter = keysIn('NEXT_SECURE_KEY')[0]

  await customer.destroy({ addon: h.addon.name })
  expect(keysIn('SECURE_KEY')).toEqual([])
  expect(keysIn('NEXT_SECURE_KEY')[0]).toBe(signedAfter)
  await customer.attach({ addon: next.name, app: 'service-1', as: 'SECURE' })
  expect(keysIn('SECURE_KEY')).toEqual(keysIn('NEXT_SECURE_KEY'))
})

test('foreign keys in the config var are told on the first panel, and no rotation is promised', async () => {
  const h = await startWithAddon()
  h.clock.advance(14 * DAY)
  await h.worker1.tick()
  h.heroku.faults.add({ match: READ, kind: 'status', status: 200, body: FOREIGN })
  h.clock.advance(HOUR)
  await h.worker1.tick()
  const panel = await firstPanel(h)
  expect(panel).toContain('The config var holds keys that we did not make')
  expect(panel).toContain('revoke: two new keys replace them')
  expect(panel).not.toContain('Next rotation')
})

test('foreign keys are told also where an attempt was refused just before, and not that Heroku refuses us', async () => {
  const h = await startWithAddon()
  h.heroku.resetOauth({ clientSecret: 'another' })
  h.clock.advance(14 * DAY)
  await h.worker1.tick()
  expect(await healthOf(h)).toBe('access-refused')
  h.heroku.resetOauth({ clientSecret: CLIENT_SECRET })
  h.heroku.faults.add({ match: READ, kind: 'status', status: 200, body: FOREIGN })
  h.clock.advance(MINUTE)
  await h.worker1.tick()
  expect(await healthOf(h)).toBe('foreign')
})

test('a key that stays for an app is told also where the apps could not be asked at first', async () => {
  const h = await startWithAddon()
  h.clock.advance(14 * DAY)
  await h.worker1.tick()
  await h.heroku.customer.rollback('service-1', 2)
  h.heroku.faults.add({ match: { method: 'GET', path: '/releases' }, kind: 'status', status: 500 })
  h.clock.advance(3 * HOUR)
  await requestRotation(h.deps, { resourceId: h.addon.id, actor: OPERATOR })
  await h.worker1.tick()
  expect(await healthOf(h)).toBe('failing')
  h.clock.advance(MINUTE)
  await h.worker1.tick()
  expect(await healthOf(h)).toBe('held-back')
})

test('a key that stays for an app is told on the first panel, with the app and the end', async () => {
  const h = await startWithAddon()
  h.clock.advance(14 * DAY)
  await h.worker1.tick()
  await h.heroku.customer.rollback('service-1', 2)
  h.clock.advance(3 * HOUR)
  await requestRotation(h.deps, { resourceId: h.addon.id, actor: OPERATOR })
  await h.worker1.tick()
  const panel = await firstPanel(h)
  expect(panel).toContain('The previous key stays for service-1')
  expect(panel).toContain('The previous key goes in 24 hours at the latest')
  expect(panel).not.toContain('A new key is on its way')

  h.clock.advance(MINUTE)
  const browser = await signedIn(h, { addon: h.addon.name })
  const form_token = await browser.token()
  const refused = await browser.post(`${browser.base}/rotate`, { form_token })
  expect(refused.status).toBe(409)
  expect(refused.text).toContain('these apps still sign with the previous key: service-1.')
  const anyway = await browser.post(`${browser.base}/rotate`, { form_token, even_if_too_soon: 'yes' })
  expect(anyway.status).toBe(303)
  expect(await h.worker1.tick()).toMatchObject({ promoted: 1 })
})

test('checks that fail for two hours are told, and no longer once one has succeeded', async () => {
  const h = await startWithAddon()
  h.clock.advance(14 * DAY)
  await h.worker1.tick()
  h.heroku.faults.add({ match: READ, kind: 'status', status: 403, times: 99 })
  h.clock.advance(HOUR)
  for (let quarter = 0; quarter < 8; quarter += 1) {
    await h.worker1.tick()
    expect(await healthOf(h)).toBe('well')
    h.clock.advance(15 * MINUTE)
  }
  await h.worker1.tick()
  expect(await healthOf(h)).toBe('unchecked')
  expect(await firstPanel(h)).toContain('We cannot see what the config var holds at Heroku.')
  h.heroku.faults.clear()
  h.clock.advance(15 * MINUTE)
  await h.worker1.tick()
  expect(await healthOf(h)).toBe('well')
  expect(pushes(h)).toHaveLength(1)
})

test('an access that Heroku refuses is told at the first look that finds it, not on the date of the next rotation', async () => {
  const h = await startWithAddon()
  h.clock.advance(14 * DAY)
  await h.worker1.tick()
  h.heroku.resetOauth({ clientSecret: 'another' })
  h.clock.advance(HOUR)
  await h.worker1.tick()
  expect(await healthOf(h)).toBe('access-refused')
  const panel = await firstPanel(h)
  expect(panel).toContain('Heroku refuses our access')
  expect(panel).not.toContain('Next rotation')
  h.heroku.resetOauth({ clientSecret: CLIENT_SECRET })
  h.clock.advance(MINUTE)
  await h.worker1.tick()
  expect(await healthOf(h)).toBe('well')
  expect(await firstPanel(h)).toContain('Next rotation')
})

test('a config var that is gone after it was put back is told; a rotation by hand brings it back, as the page says', async () => {
  const h = await startWithAddon()
  h.clock.advance(14 * DAY)
  await h.worker1.tick()
  h.heroku.faults.add({ match: READ, kind: 'status', status: 200, body: [], times: 2 })
  h.clock.advance(HOUR)
  await h.worker1.tick()
  expect(await healthOf(h)).toBe('well')
  h.clock.advance(HOUR)
  await h.worker1.tick()
  expect(await firstPanel(h)).toContain('The config var is gone')
  await requestRotation(h.deps, { resourceId: h.addon.id, actor: OPERATOR })
  const before = pushes(h).length
  await h.worker1.tick()
  expect(pushes(h)).toHaveLength(before + 1)
  expect(keysOn(h).first).toMatch(/^[0-9A-F]{64}$/)
  expect(await healthOf(h)).toBe('well')
  expect(callsTo(h, 'GET', '/config').length).toBeGreaterThan(0)
})
