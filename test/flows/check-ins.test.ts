import { createHash } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { checkIn } from '../../src/flows/api/check-in.ts'
import { requestRotation } from '../../src/flows/dashboard/request-rotation.ts'
import { revokeKeys } from '../../src/flows/dashboard/revoke-keys.ts'
import { changePlan } from '../../src/flows/provisioning/change-plan.ts'
import { callsTo, keysOn, pushes, startWithAddon } from '../support/addon.ts'
import { DAY, HOUR, MINUTE } from '../support/harness.ts'
import { historyOf, kindsOf, stateOf } from '../support/resource.ts'

const OPERATOR = { type: 'operator' } as const
const kidOf = (key: string) => createHash('sha256').update(key).digest('hex').slice(0, 8)

/** The add-on, rotated once; `old` is the key that apps signed with until then, and each app has a release with the new one. */
async function startRotated(options: Parameters<typeof startWithAddon>[0] = {}) {
  const h = await startWithAddon(options)
  h.clock.advance(14 * DAY)
  await h.worker1.tick()
  const { first, second: old } = keysOn(h)
  const say = (key: string, app: string | null = 'service-1') =>
    checkIn(h.deps, {
      resourceId: h.addon.id,
      said: { app, process: 'web.1', kid: kidOf(key), version: null },
      counts: [],
    })
  return { ...h, first, old, say, about: { resourceId: h.addon.id, actor: OPERATOR } }
}
type Started = Awaited<ReturnType<typeof startRotated>>

/** A day in which a process says four times what it signs with, each time before a tick. */
async function dayOfTicks(h: Started, key: string): Promise<number> {
  let promoted = 0
  for (let ticks = 0; ticks < 4; ticks += 1) {
    await h.say(key)
    promoted += (await h.worker1.tick())?.promoted ?? 0
    h.clock.advance(6 * HOUR)
  }
  return promoted
}

describe('a scheduled rotation', () => {
  test('waits for a process that says it signs with the key which would leave, a day at the most, told like any other', async () => {
    const h = await startRotated()
    h.clock.advance(14 * DAY)
    const dueAt = h.clock.now()
    const { checkAt } = await stateOf(h.deps, h.addon.id)
    await h.say(h.old)
    expect(await h.worker1.tick()).toMatchObject({ promoted: 0, waited: 1, failed: 0 })
    const until = new Date(dueAt.getTime() + DAY)
    expect(await stateOf(h.deps, h.addon.id)).toMatchObject({
      heldBack: { apps: ['service-1'], until, saidOnly: true },
      // Nothing is looked at earlier for it.
      checkAt,
    })
    expect(await dayOfTicks(h, h.old)).toBe(0)
    expect(keysOn(h).second).toBe(h.old)
    const told = (await historyOf(h.deps, h.addon.id)).filter(({ kind }) => kind === 'key-held-back')
    expect(told).toMatchObject([
      { at: dueAt, details: { what: 'rotation', apps: 'service-1', until: until.toISOString() } },
    ])
    await h.say(h.old)
    expect(await h.worker1.tick()).toMatchObject({ promoted: 1 })
    expect(keysOn(h).second).toBe(h.first)
    // Counted from the date on which it was due.
    expect((await stateOf(h.deps, h.addon.id)).nextRotationAt).toEqual(new Date(dueAt.getTime() + 14 * DAY))
  })

  test('goes on at the next look when the process has taken the new key', async () => {
    const h = await startRotated()
    h.clock.advance(14 * DAY)
    await h.say(h.old)
    await h.worker1.tick()
    await h.say(h.first)
    h.clock.advance(5 * MINUTE)
    expect(await h.worker1.tick()).toMatchObject({ promoted: 1 })
  })

  test('waits for no word that is 90 minutes old, nor for one of another key', async () => {
    const h = await startRotated()
    h.clock.advance(14 * DAY - 90 * MINUTE)
    await h.say(h.old)
    h.clock.advance(90 * MINUTE)
    await h.say(h.first, 'service-2')
    await h.say('another key', null)
    expect(await h.worker1.tick()).toMatchObject({ promoted: 1 })
    expect(await kindsOf(h.deps, h.addon.id)).not.toContain('key-held-back')
  })

  test('waits for a process that names no attached app, and says so', async () => {
    const h = await startRotated()
    h.clock.advance(14 * DAY)
    await h.say(h.old, null)
    await h.say(h.old, 'elsewhere')
    await h.worker1.tick()
    expect(await stateOf(h.deps, h.addon.id)).toMatchObject({ heldBack: { apps: ['(not named)'] } })
  })

  test('waits for processes also where Heroku shows no releases', async () => {
    const h = await startRotated({ simulator: { grantReleases: false } })
    for (const app of ['service-2', 'service-3']) {
      await h.heroku.customer.createApp(app)
      await h.heroku.customer.createAddon({ app, plan: 'fortnightly' })
    }
    const tokens = () => h.deps.db.selectFrom('oauth_tokens').select('resource_id').execute()
    await expect.poll(async () => (await tokens()).length).toBe(3)
    h.clock.advance(14 * DAY)
    const one = h.worker({ concurrency: 1, claimLimit: 1 })
    await one.tick()
    h.clock.advance(14 * DAY)
    await h.say(keysOn(h).second)
    await one.tick()
    expect(await stateOf(h.deps, h.addon.id)).toMatchObject({ heldBack: { apps: ['service-1'] } })
    // From three refusals on nobody is asked for an hour; processes are heard all the same.
    expect(h.deps.platform.showsReleases()).toBe(false)
    const asked = callsTo(h, 'GET', '/addon-attachments').length
    h.clock.advance(5 * MINUTE)
    expect(await one.tick()).toMatchObject({ promoted: 0, waited: 1 })
    expect(callsTo(h, 'GET', '/addon-attachments')).toHaveLength(asked)
  })

  test('of a process and an app at once names both, and the word of a process takes nothing from what a release shows', async () => {
    const h = await startRotated()
    await h.heroku.customer.rollback('service-1', 2)
    h.clock.advance(14 * DAY)
    await h.say(h.old, null)
    // The newest key is never a proof of adoption.
    await h.say(h.first)
    await h.worker1.tick()
    expect(await stateOf(h.deps, h.addon.id)).toMatchObject({
      heldBack: { apps: ['service-1', '(not named)'], saidOnly: false },
    })
  })
})

test('a filler waits for a process as well, and takes its place a day later', async () => {
  const h = await startRotated({ grace: '48h' })
  h.clock.advance(48 * HOUR)
  expect(await dayOfTicks(h, h.old)).toBe(0)
  expect(keysOn(h).second).toBe(h.old)
  const told = (await historyOf(h.deps, h.addon.id)).filter(({ kind }) => kind === 'key-held-back')
  expect(told).toMatchObject([{ details: { what: 'filler', apps: 'service-1' } }])
  await h.say(h.old)
  expect(await h.worker1.tick()).toMatchObject({ promoted: 1 })
  expect(keysOn(h).second).not.toBe(h.old)
})

test('a rotation after a plan change waits for a process too', async () => {
  const h = await startRotated()
  h.clock.advance(3 * DAY)
  await h.say(h.old)
  await changePlan(h.deps, { resourceId: h.addon.id, plan: 'daily' })
  expect(await h.worker1.tick()).toMatchObject({ promoted: 0, waited: 1 })
  // Somebody presses, and it waits no longer; nothing was said of a floor.
  expect(await requestRotation(h.deps, h.about)).toMatchObject({ outcome: 'joined' })
  expect((await historyOf(h.deps, h.addon.id)).at(-1)).toMatchObject({
    kind: 'rotation-requested',
    details: { reason: 'plan-change' },
  })
  expect(await h.worker1.tick()).toMatchObject({ promoted: 1 })
})

test('what a person presses for waits for no process, whether one has held the schedule back or not', async () => {
  const h = await startRotated()
  h.clock.advance(3 * HOUR)
  await h.say(h.old)
  expect(await requestRotation(h.deps, h.about)).toMatchObject({ outcome: 'requested' })
  expect(await h.worker1.tick()).toMatchObject({ promoted: 1 })
  const { second } = keysOn(h)
  h.clock.advance(14 * DAY)
  await h.say(second)
  expect(await h.worker1.tick()).toMatchObject({ promoted: 0 })
  expect(await requestRotation(h.deps, h.about)).toMatchObject({ outcome: 'requested' })
  expect(await h.worker1.tick()).toMatchObject({ promoted: 1 })
  expect(keysOn(h).second).not.toBe(second)
})

test('a revoke waits for no process', async () => {
  const h = await startRotated()
  h.clock.advance(14 * DAY)
  await h.say(h.old)
  await h.worker1.tick()
  await revokeKeys(h.deps, h.about)
  expect(await h.worker1.tick()).toMatchObject({ promoted: 1 })
  expect([keysOn(h).first, keysOn(h).second]).not.toContain(h.old)
  expect(pushes(h)).toHaveLength(2)
})
