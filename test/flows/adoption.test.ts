import { describe, expect, test } from 'vitest'
import { pauseRotation, resumeSchedule } from '../../src/flows/dashboard/pause-rotation.ts'
import { requestRotation } from '../../src/flows/dashboard/request-rotation.ts'
import { revokeKeys } from '../../src/flows/dashboard/revoke-keys.ts'
import { setGracePeriod } from '../../src/flows/dashboard/set-grace-period.ts'
import { changePlan } from '../../src/flows/provisioning/change-plan.ts'
import { callsTo, type HarnessWithAddon, keysOn, pushes, startWithAddon } from '../support/addon.ts'
import { DAY, HOUR, MINUTE } from '../support/harness.ts'
import { historyOf, kindsOf, stateOf } from '../support/resource.ts'

const OPERATOR = { type: 'operator' } as const

/** The add-on on two apps, rotated once: `second` is what apps signed with until then. */
async function startRotated(
  options: Parameters<typeof startWithAddon>[0] = {},
  before: (heroku: HarnessWithAddon['heroku']) => Promise<void> = async () => {},
) {
  const h = await startWithAddon(options)
  await h.heroku.customer.createApp('service-2')
  await h.heroku.customer.attach({ addon: h.addon.name, app: 'service-2', as: 'SHARED' })
  await before(h.heroku)
  h.clock.advance(14 * DAY)
  expect(await h.worker1.tick()).toMatchObject({ promoted: 1 })
  return { ...h, about: { resourceId: h.addon.id, actor: OPERATOR } }
}
type Started = Awaited<ReturnType<typeof startRotated>>

/** What a new process of an app signs with: the first key in the config of the release that its dynos run. */
function signsWith(h: Pick<HarnessWithAddon, 'heroku'>, app: string, name: string): string {
  const [dyno] = h.heroku.view.dynos(app)
  const release = h.heroku.view.releases(app).find(({ version }) => version === dyno?.release)
  return release?.config[name]?.split(',')[0] ?? ''
}

async function startWithFailedRelease() {
  const h = await startWithAddon()
  await h.heroku.customer.createApp('service-2')
  await h.heroku.customer.attach({ addon: h.addon.name, app: 'service-2', as: 'SHARED' })
  await h.heroku.customer.setReleaseCommand('service-2', 'fails')
  const former = keysOn(h).first
  h.clock.advance(14 * DAY)
  expect(await h.worker1.tick()).toMatchObject({ promoted: 1 })
  expect(signsWith(h, 'service-2', 'SHARED_KEY')).toBe(former)
  return { ...h, former, about: { resourceId: h.addon.id, actor: OPERATOR } }
}

async function tickHourly(h: Started, hours: number): Promise<number> {
  let promoted = 0
  for (let hour = 0; hour < hours; hour += 1) {
    promoted += (await h.worker1.tick())?.promoted ?? 0
    h.clock.advance(HOUR)
  }
  return promoted
}

describe('a scheduled rotation', () => {
  test('does not push out the only key of an app whose release failed: it is held back for a day, told before', async () => {
    const h = await startWithFailedRelease()
    h.clock.advance(14 * DAY)
    const dueAt = h.clock.now()
    expect(await tickHourly(h, 24)).toBe(0)
    expect(pushes(h)).toHaveLength(1)
    expect(keysOn(h).second).toBe(h.former)
    const told = (await historyOf(h.deps, h.addon.id)).filter(({ kind }) => kind === 'key-held-back')
    const until = new Date(dueAt.getTime() + DAY)
    expect(told).toMatchObject([
      {
        at: dueAt,
        actor: { type: 'worker' },
        details: { what: 'rotation', apps: 'service-2', until: until.toISOString() },
      },
    ])
    expect(h.logLines.filter((line) => line.includes('key held back for apps'))).toHaveLength(1)
    expect(await stateOf(h.deps, h.addon.id)).toMatchObject({ rotation: null, attempts: 0 })

    expect(await h.worker1.tick()).toMatchObject({ promoted: 1 })
    expect(pushes(h)).toHaveLength(2)
    expect(await stateOf(h.deps, h.addon.id)).toMatchObject({
      heldBack: null,
      // Counted from the date on which it was due.
      nextRotationAt: new Date(dueAt.getTime() + 14 * DAY),
    })
  })

  test('goes on at the next look when the release has come through', async () => {
    const h = await startRotated({}, (heroku) => heroku.customer.setReleaseCommand('service-2', 'runs'))
    h.clock.advance(14 * DAY)
    expect(await h.worker1.tick()).toMatchObject({ promoted: 0, failed: 0 })
    await h.heroku.customer.setReleaseCommand('service-2', 'succeeds')
    h.clock.advance(5 * MINUTE - 1)
    expect(await h.worker1.tick()).toMatchObject({ promoted: 0 })
    h.clock.advance(1)
    expect(await h.worker1.tick()).toMatchObject({ promoted: 1 })
  })

  test('waits for an app that was rolled back, and the older pair that this brought back is put right at the next tick', async () => {
    const h = await startRotated()
    const pair = h.heroku.view.configVars('service-1').SECURE_KEY
    // The config was compared just before, so it is not due again for a day.
    h.clock.advance(14 * DAY - HOUR)
    expect(await h.worker1.tick()).toMatchObject({ checked: 1 })
    await h.heroku.customer.rollback('service-1', 2)
    expect(h.heroku.view.configVars('service-1').SECURE_KEY).not.toBe(pair)
    h.clock.advance(HOUR)
    expect(await h.worker1.tick()).toMatchObject({ promoted: 0, failed: 0 })
    expect(await h.worker1.tick()).toMatchObject({ checked: 1 })
    expect(h.heroku.view.configVars('service-1').SECURE_KEY).toBe(pair)
    expect(await stateOf(h.deps, h.addon.id)).toMatchObject({ heldBack: { apps: ['service-1'] } })
    h.clock.advance(5 * MINUTE)
    expect(await h.worker1.tick()).toMatchObject({ promoted: 1 })
    expect(keysOn(h).second).toBe(pair?.split(',')[0])
  })

  test('is held back for an app that was rolled back to before the key, until it is rolled forward', async () => {
    const h = await startRotated()
    const { version } = h.heroku.view.app('service-2')
    await h.heroku.customer.rollback('service-2', 2)
    // What is deployed now has the config of the rollback.
    await h.heroku.customer.setConfigVar('service-2', 'OWN', 'value')
    h.clock.advance(14 * DAY)
    expect(await h.worker1.tick()).toMatchObject({ promoted: 0, failed: 0 })
    expect(await stateOf(h.deps, h.addon.id)).toMatchObject({ heldBack: { apps: ['service-2'] } })

    await h.heroku.customer.rollback('service-2', version)
    h.clock.advance(5 * MINUTE)
    expect(await h.worker1.tick()).toMatchObject({ promoted: 1 })
    expect((await kindsOf(h.deps, h.addon.id)).filter((kind) => kind === 'key-held-back')).toHaveLength(1)
  })

  test('asks nobody where a filler has the second place', async () => {
    const h = await startWithAddon()
    await h.heroku.customer.rollback('service-1', 1)
    h.clock.advance(14 * DAY)
    expect(await h.worker1.tick()).toMatchObject({ promoted: 1 })
    expect(callsTo(h, 'GET', '/addon-attachments')).toEqual([])
  })

  test('does not wait for an app that has neither key: what it signs with has left already', async () => {
    const h = await startWithFailedRelease()
    h.clock.advance(14 * DAY)
    await tickHourly(h, 25)
    expect(pushes(h)).toHaveLength(2)
    h.clock.advance(13 * DAY - HOUR)
    expect(await h.worker1.tick()).toMatchObject({ promoted: 1 })
    expect((await kindsOf(h.deps, h.addon.id)).filter((kind) => kind === 'key-held-back')).toHaveLength(1)
  })

  test('is looked at again after five minutes, then ever more rarely, up to an hour', async () => {
    const h = await startWithFailedRelease()
    h.clock.advance(14 * DAY)
    const dueAt = h.clock.now().getTime()
    const looks: number[] = []
    for (let tick = 0; tick < 40; tick += 1) {
      const before = callsTo(h, 'GET', '/releases').length
      await h.worker1.tick()
      const at = h.clock.now().getTime()
      if (callsTo(h, 'GET', '/releases').length > before) looks.push(Math.round((at - dueAt) / MINUTE))
      const { wakeAt, heldBack } = await stateOf(h.deps, h.addon.id)
      if (!heldBack || !wakeAt) break
      h.clock.advance(Math.max(0, wakeAt.getTime() - at))
    }
    expect(looks.slice(0, 6)).toEqual([0, 5, 10, 15, 23, 34])
    expect(looks.length).toBeLessThan(35)
    expect(Math.max(...looks.slice(1).map((at, index) => at - (looks[index] ?? 0)))).toBe(60)
  })

  test('counts its attempts when Heroku cannot be asked, and no key is made before it can', async () => {
    const h = await startRotated()
    h.heroku.faults.add({ match: { path: '/addon-attachments' }, kind: 'status', status: 503 })
    h.clock.advance(14 * DAY)
    const dueAt = h.clock.now()
    expect(await h.worker1.tick()).toMatchObject({ promoted: 0, failed: 1 })
    expect(await stateOf(h.deps, h.addon.id)).toMatchObject({
      attempts: 1,
      rotation: { reason: 'scheduled', dueAt },
      keyset: { pending: null },
      lastVersion: 3,
    })
    h.clock.advance(MINUTE)
    expect(await h.worker1.tick()).toMatchObject({ promoted: 1 })
    expect((await historyOf(h.deps, h.addon.id)).at(-1)).toMatchObject({ kind: 'rotated', attempts: 2 })
  })

  test('is stuck at once where there is no access at all', async () => {
    const h = await startRotated()
    await h.deps.db.deleteFrom('oauth_tokens').execute()
    h.clock.advance(14 * DAY)
    expect(await h.worker1.tick()).toMatchObject({ failed: 1 })
    expect((await stateOf(h.deps, h.addon.id)).rotation?.stuckSince).toEqual(h.clock.now())
  })

  test('looks at more than the newest releases of an app that is deployed often', async () => {
    const h = await startRotated()
    for (let deploy = 0; deploy < 25; deploy += 1) {
      await h.heroku.customer.setConfigVar('service-2', 'DEPLOY', String(deploy))
      h.clock.advance(HOUR)
    }
    h.clock.advance(14 * DAY)
    expect(await h.worker1.tick()).toMatchObject({ promoted: 1 })
    const { id } = h.heroku.view.app('service-2')
    expect(callsTo(h, 'GET', `/apps/${id}/releases`)).toHaveLength(2)
  })

  test('pays no call for each rotation where Heroku does not show releases', async () => {
    const h = await startWithAddon({ simulator: { grantReleases: false } })
    for (const app of ['service-2', 'service-3', 'service-4']) {
      await h.heroku.customer.createApp(app)
      await h.heroku.customer.createAddon({ app, plan: 'fortnightly' })
    }
    await expect
      .poll(async () => (await h.deps.db.selectFrom('oauth_tokens').select('resource_id').execute()).length)
      .toBe(4)
    for (let rotations = 0; rotations < 4; rotations += 1) {
      h.clock.advance(14 * DAY)
      for (let each = 0; each < 4; each += 1) await h.worker({ concurrency: 1, claimLimit: 1 }).tick()
    }
    expect(pushes(h)).toHaveLength(16)
    // Three refusals, then one each fortnight.
    expect(callsTo(h, 'GET', '/releases').length).toBeLessThan(8)
  })
})

describe('a filler', () => {
  test('is held back for an app that was rolled back, and takes its place a day after the first look at the latest', async () => {
    const h = await startRotated({ grace: '48h' })
    const { second } = keysOn(h)
    await h.heroku.customer.rollback('service-2', 2)
    h.clock.advance(48 * HOUR)
    expect(await tickHourly(h, 24)).toBe(0)
    expect(keysOn(h).second).toBe(second)
    expect(await h.worker1.tick()).toMatchObject({ promoted: 1 })
    expect(keysOn(h).second).not.toBe(second)
    const told = (await historyOf(h.deps, h.addon.id)).filter(({ kind }) => kind === 'key-held-back')
    expect(told).toMatchObject([{ details: { what: 'filler', apps: 'service-2' } }])
  })

  test.each(['fails', 'runs'] as const)('waits for an app whose release command %s', async (command) => {
    const h = await startWithAddon({ grace: '48h' })
    await h.heroku.customer.setReleaseCommand('service-1', command)
    h.clock.advance(14 * DAY)
    await h.worker1.tick()
    const { second } = keysOn(h)
    h.clock.advance(48 * HOUR)
    expect(await h.worker1.tick()).toMatchObject({ promoted: 0, failed: 0 })
    expect(keysOn(h).second).toBe(second)
    await h.heroku.customer.setReleaseCommand('service-1', 'succeeds')
    h.clock.advance(5 * MINUTE)
    // One that was pending has come through; one that failed has not.
    expect(await h.worker1.tick()).toMatchObject({ promoted: command === 'runs' ? 1 : 0 })
  })

  test('is no longer held back when the grace period is longer, and is told anew when that ends', async () => {
    const h = await startRotated({ grace: '48h' })
    await h.heroku.customer.rollback('service-2', 2)
    h.clock.advance(48 * HOUR)
    await h.worker1.tick()
    await setGracePeriod(h.deps, { ...h.about, grace: { until: 'elapsed', ms: 5 * DAY } })
    expect(await stateOf(h.deps, h.addon.id)).toMatchObject({ heldBack: null })
    h.clock.advance(3 * DAY)
    expect(await tickHourly(h, 24)).toBe(0)
    expect((await kindsOf(h.deps, h.addon.id)).filter((kind) => kind === 'key-held-back')).toHaveLength(2)
  })
})

describe('a rotation by hand', () => {
  async function startHeldByHand() {
    const h = await startRotated()
    await h.heroku.customer.rollback('service-2', 2)
    h.clock.advance(3 * HOUR)
    expect(await requestRotation(h.deps, h.about)).toMatchObject({ outcome: 'requested' })
    expect(await h.worker1.tick()).toMatchObject({ promoted: 0, failed: 0 })
    return { ...h, until: new Date(h.clock.now().getTime() + DAY) }
  }

  test('is held back for an app that signs with the key that would go; asked again, it says for which', async () => {
    const h = await startHeldByHand()
    expect(await requestRotation(h.deps, h.about)).toEqual({
      outcome: 'held-back',
      apps: ['service-2'],
      until: h.until,
    })
    expect(await tickHourly(h, 24)).toBe(0)
    expect(await h.worker1.tick()).toMatchObject({ promoted: 1 })
  })

  test('waits no longer when a person wants it so, and the history says that they did', async () => {
    const h = await startHeldByHand()
    expect(await requestRotation(h.deps, { ...h.about, evenIfTooSoon: true })).toMatchObject({
      outcome: 'joined',
    })
    expect(await h.worker1.tick()).toMatchObject({ promoted: 1 })
    expect((await historyOf(h.deps, h.addon.id)).at(-2)).toMatchObject({
      kind: 'rotation-requested',
      details: { evenIfTooSoon: true },
    })
  })

  test('asks nobody when a person has said that it need not wait', async () => {
    const h = await startRotated()
    await h.heroku.customer.rollback('service-2', 2)
    expect(await requestRotation(h.deps, { ...h.about, evenIfTooSoon: true })).toMatchObject({
      outcome: 'requested',
    })
    expect(await h.worker1.tick()).toMatchObject({ promoted: 1 })
    expect(callsTo(h, 'GET', '/releases')).toEqual([])
  })

  test('takes the place of a scheduled one that is held back only when a person wants it so', async () => {
    const h = await startRotated()
    await h.heroku.customer.rollback('service-2', 2)
    h.clock.advance(14 * DAY)
    await h.worker1.tick()
    expect(await requestRotation(h.deps, h.about)).toMatchObject({ outcome: 'held-back' })
    expect(await requestRotation(h.deps, { ...h.about, evenIfTooSoon: true })).toMatchObject({
      outcome: 'requested',
    })
    expect(await h.worker1.tick()).toMatchObject({ promoted: 1 })
  })
})

test('a rotation after a plan change is held back too', async () => {
  const h = await startRotated()
  await h.heroku.customer.rollback('service-2', 2)
  h.clock.advance(3 * DAY)
  await changePlan(h.deps, { resourceId: h.addon.id, plan: 'daily' })
  expect(await h.worker1.tick()).toMatchObject({ promoted: 0, failed: 0 })
  expect(await stateOf(h.deps, h.addon.id)).toMatchObject({
    rotation: { reason: 'plan-change' },
    heldBack: { apps: ['service-2'] },
  })
})

test('a revoke waits for no app, and ends what was held back', async () => {
  const h = await startRotated()
  await h.heroku.customer.rollback('service-2', 2)
  h.clock.advance(14 * DAY)
  await h.worker1.tick()
  await revokeKeys(h.deps, h.about)
  expect(await stateOf(h.deps, h.addon.id)).toMatchObject({ heldBack: null })
  expect(await h.worker1.tick()).toMatchObject({ promoted: 1 })
})

test('a pause holds back what is held back already; when it ends, the apps are looked at anew', async () => {
  const h = await startRotated()
  await h.heroku.customer.rollback('service-2', 2)
  h.clock.advance(14 * DAY)
  await h.worker1.tick()
  await pauseRotation(h.deps, { ...h.about, until: null, reason: 'a sale' })
  expect(await stateOf(h.deps, h.addon.id)).toMatchObject({ heldBack: null })
  expect(await tickHourly(h, 48)).toBe(0)
  await resumeSchedule(h.deps, h.about)
  expect(await h.worker1.tick()).toMatchObject({ promoted: 0, failed: 0 })
  expect((await kindsOf(h.deps, h.addon.id)).filter((kind) => kind === 'key-held-back')).toHaveLength(2)
})
