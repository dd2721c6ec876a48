import { expect, test } from 'vitest'
import { requestRotation, resumeRotation } from '../../src/flows/dashboard/request-rotation.ts'
import { revokeKeys } from '../../src/flows/dashboard/revoke-keys.ts'
import { findResource } from '../../src/store/resources.ts'
import { DAY, HOUR, MINUTE } from '../support/harness.ts'
import { ACTOR, type Life, type LifeOptions, startLife } from './support/customer-app.ts'
import { PATIENCE } from './support/patience.ts'
import { tickOf } from './support/ticks.ts'

/** An add-on that has been rotated once, so that its first check is due an hour later. */
async function startRotated(options: LifeOptions = {}) {
  const life = await startLife({ plan: 'monthly', ...options })
  const firstRelease = life.heroku.view.app(life.appName).version
  life.clock.advance(28 * DAY)
  expect(await life.tick()).toMatchObject({ promoted: 1 })
  return { ...life, firstRelease, published: life.held() }
}

function releasesOf(life: Life): number {
  return life.heroku.view.releases(life.appName).length
}

/** Makes Heroku answer a config without our value, once. */
function hideValue({ heroku, id }: Life): void {
  heroku.faults.add({
    match: { method: 'GET', addon: id, path: '/config' },
    kind: 'status',
    status: 200,
    body: [],
  })
}

test('a check that finds the published pair pushes nothing, however often it is made', async () => {
  const life = await startRotated()
  const releases = releasesOf(life)
  life.clock.advance(HOUR)
  expect(await life.tick()).toMatchObject({ checked: 1, promoted: 0 })
  life.clock.advance(14 * DAY)
  expect(await life.tick()).toMatchObject({ checked: 1, promoted: 0 })
  expect(releasesOf(life)).toBe(releases)
  expect(life.pushed()).toHaveLength(1)
})

test('an app that was rolled back to the former pair gets the published one back', async () => {
  const life = await startRotated()
  await life.heroku.customer.rollback(life.appName, life.firstRelease)
  expect(life.held()).not.toEqual(life.published)
  life.clock.advance(HOUR)
  expect(await life.tick()).toMatchObject({ checked: 1 })
  expect(life.held()).toEqual(life.published)
  expect(await life.kinds()).toContain('config-repaired')
})

test('a check that has to refresh its access token first repairs with the fresh one', async () => {
  const life = await startRotated()
  life.clock.advance(HOUR)
  await life.tick()
  await life.heroku.customer.rollback(life.appName, life.firstRelease)
  life.clock.advance(14 * DAY)
  expect(await life.tick()).toMatchObject({ checked: 1 })
  expect(life.held()).toEqual(life.published)
})

test('a push that arrives after a newer rotation is put right an hour after that rotation', async () => {
  const life = await startRotated()
  const fault = life.heroku.faults.add({
    match: { method: 'PATCH', addon: life.id },
    kind: 'delayed-apply',
  })
  life.clock.advance(2 * HOUR)
  await requestRotation(life.deps, { resourceId: life.id, actor: ACTOR })
  await life.tick()
  life.clock.advance(MINUTE)
  await life.tick()
  life.clock.advance(2 * HOUR)
  await requestRotation(life.deps, { resourceId: life.id, actor: ACTOR })
  await life.tick()
  const newest = life.held()
  expect(life.heroku.faults.release(fault)).toBe(1)
  expect(life.held()).not.toEqual(newest)

  life.clock.advance(HOUR)
  await life.tick()
  expect(life.held()).toEqual(newest)
})

test('a push of before a revoke that arrives after it is put right two minutes after it', async () => {
  const life = await startRotated()
  const fault = life.heroku.faults.add({ match: { method: 'PATCH', addon: life.id }, kind: 'delayed-apply' })
  life.clock.advance(2 * HOUR)
  await requestRotation(life.deps, { resourceId: life.id, actor: ACTOR })
  await life.tick()
  await revokeKeys(life.deps, { resourceId: life.id, actor: ACTOR })
  await life.tick()
  const fresh = life.held()
  life.heroku.faults.release(fault)
  expect(await life.accepts(life.held().first)).toBe(false)
  life.clock.advance(2 * MINUTE)
  await life.tick()
  expect(life.held()).toEqual(fresh)
})

test('a value that is gone is put back once, and only told from then on', async () => {
  const life = await startRotated()
  hideValue(life)
  life.clock.advance(HOUR)
  expect(await life.tick()).toMatchObject({ checked: 1 })
  expect(life.pushed()).toHaveLength(2)
  expect(await life.kinds()).toContain('config-repaired')
  for (let day = 0; day < 3; day += 1) {
    hideValue(life)
    life.clock.advance(DAY)
    expect(await life.tick()).toMatchObject({ checked: 1 })
  }
  expect(life.pushed()).toHaveLength(2)
  const kinds = await life.kinds()
  expect(kinds.filter((kind) => kind === 'config-gone')).toHaveLength(1)
  expect(life.logLines.some((line) => line.includes('"check":"gone"'))).toBe(true)
})

test('an older pair that keeps coming back is put right once a day at most', async () => {
  const life = await startRotated()
  for (let hour = 0; hour < 50; hour += 1) {
    await life.heroku.customer.rollback(life.appName, life.firstRelease)
    life.clock.advance(HOUR)
    await life.tick()
  }
  expect(life.pushed().length).toBeLessThanOrEqual(1 + 3)
  expect(life.pushed().length).toBeGreaterThanOrEqual(1 + 2)
})

test('a check cut off by a shutdown is given back and made by the next worker at once', async () => {
  const life = await startRotated({ callTimeoutMs: 10_000 })
  await life.heroku.customer.rollback(life.appName, life.firstRelease)
  life.heroku.faults.add({ match: { method: 'GET', addon: life.id }, kind: 'hang' })
  life.clock.advance(HOUR)
  const worker = life.worker()
  const ticking = worker.tick()
  const asked = () => life.heroku.view.apiCalls().filter(({ status }) => status === 'hung').length
  await expect.poll(asked, PATIENCE).toBe(1)
  await worker.stop(0)
  expect(await ticking).toMatchObject({ 'given-back': 1, checked: 0 })
  expect(await life.state()).toMatchObject({ claimedUntil: null, wakeAt: life.clock.now() })
  expect(await tickOf(life.deps)).toMatchObject({ checked: 1 })
  expect(life.held()).toEqual(life.published)
})

test.each([
  [
    'a rotation that is resumed',
    async (life: Life) => void (await resumeRotation(life.deps, { resourceId: life.id, actor: ACTOR })),
  ],
  [
    'the check after a revoke',
    async (life: Life) => {
      await revokeKeys(life.deps, { resourceId: life.id, actor: ACTOR })
      await life.tick()
      await life.deps.db.updateTable('resources').set({ missing_since: life.clock.now() }).execute()
      life.clock.advance(2 * MINUTE)
    },
  ],
])('an add-on that Heroku once did not know is no longer marked after %s', async (_, goOn) => {
  const life = await startLife()
  life.clock.advance(14 * DAY)
  life.heroku.faults.add({
    match: { method: 'PATCH', addon: life.id },
    kind: 'status',
    status: 404,
    times: 2,
  })
  await life.tick()
  life.clock.advance(5 * MINUTE)
  await life.tick()
  const missingSince = async () => (await findResource(life.deps.db, life.id))?.missingSince
  expect(await missingSince()).toEqual(life.clock.now())
  expect(await life.rotations()).toMatchObject([{ end: 'stuck' }])
  await goOn(life)
  await life.tick()
  expect(await missingSince()).toBe(null)
})

test('a rotation that comes due during a check is not pushed aside by it', async () => {
  const life = await startRotated()
  life.clock.advance(28 * DAY)
  expect(await life.tick()).toMatchObject({ promoted: 1 })
  expect(life.held().second).toBe(life.published.first)
})

test('a rotation right after a revoke does not put off the look two minutes after it', async () => {
  const life = await startRotated()
  const fault = life.heroku.faults.add({ match: { method: 'PATCH', addon: life.id }, kind: 'delayed-apply' })
  life.clock.advance(3 * HOUR)
  await requestRotation(life.deps, { resourceId: life.id, actor: ACTOR })
  await life.tick()
  await revokeKeys(life.deps, { resourceId: life.id, actor: ACTOR })
  await life.tick()
  await requestRotation(life.deps, { resourceId: life.id, actor: ACTOR, evenIfTooSoon: true })
  await life.tick()
  const newest = life.held()
  // The push from before the revoke arrives only now.
  expect(life.heroku.faults.release(fault)).toBe(1)
  expect(life.held()).not.toEqual(newest)
  life.clock.advance(2 * MINUTE)
  await life.tick()
  expect(life.held()).toEqual(newest)
})
