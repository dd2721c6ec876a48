import { describe, expect, test } from 'vitest'
import { MAX_ATTEMPTS } from '../../src/domain/schedule.ts'
import { findResource } from '../../src/store/resources.ts'
import { findKeys } from '../../src/store/sealed-keys.ts'
import {
  callsBesideNotices,
  callsTo,
  type HarnessWithAddon,
  pushes,
  startWithAddon,
} from '../support/addon.ts'
import { DAY, type HarnessOptions, HOUR, MINUTE, SECOND } from '../support/harness.ts'
import { endedRotations, historyOf, kindsOf, stateOf } from '../support/resource.ts'

const PATCH = { method: 'PATCH' }

const notOfTokens = (kind: string) => kind !== 'access-token-refreshed'

async function startDue(options: HarnessOptions = {}): Promise<HarnessWithAddon> {
  const h = await startWithAddon(options)
  h.clock.advance(14 * DAY)
  return h
}

describe('an attempt that fails', () => {
  test.each([
    ['a refusal', { kind: 'status', status: 422 }, 'refused'],
    ['an error of Heroku', { kind: 'status', status: 500 }, 'unavailable'],
    ['an error after the write', { kind: 'status-after-write' }, 'unavailable'],
    ['a connection that is cut twice', { kind: 'cut', times: 2 }, 'unavailable'],
    ['silence', { kind: 'hang' }, 'unavailable'],
    ['half an answer', { kind: 'truncated-body' }, 'unavailable'],
    ['an answer that is no JSON', { kind: 'garbage-body' }, 'unavailable'],
    ['an answer that holds another value', { kind: 'status', status: 200, body: [] }, 'mismatch'],
    ['a redirect', { kind: 'redirect' }, 'unavailable'],
  ] as const)(
    'by %s is counted with its reason, tried again, and ends with the same key',
    async (_what, fault, kind) => {
      const h = await startDue(fault.kind === 'hang' ? { callTimeoutMs: 1_000 } : {})
      h.heroku.faults.add({ match: PATCH, ...fault })
      expect(await h.worker1.tick()).toMatchObject({ promoted: 0, failed: 1 })
      const { rotation, attempts, failures, wakeAt, claimedUntil } = await stateOf(h.deps, h.addon.id)
      expect([rotation?.stuckSince, attempts]).toEqual([null, 1])
      expect(failures).toMatchObject([{ kind, at: h.clock.now().toISOString() }])
      const delayMs = (wakeAt?.getTime() ?? 0) - h.clock.now().getTime()
      expect(delayMs).toBeGreaterThanOrEqual(15 * SECOND)
      expect(delayMs).toBeLessThanOrEqual(30 * SECOND)
      expect(claimedUntil).toBeNull()

      h.clock.advance(30 * SECOND)
      expect(await h.worker1.tick()).toMatchObject({ promoted: 1 })
      expect(new Set(pushes(h)).size).toBe(1)
      expect(await endedRotations(h.deps, h.addon.id)).toMatchObject([
        { kind: 'rotated', attempts: 2, failures },
      ])
    },
  )

  test('counts no attempt when Heroku says that we are too fast, and calls no more until the time is over', async () => {
    const h = await startDue()
    h.heroku.faults.add({ match: PATCH, kind: 'status', status: 429, retryAfter: 120 })
    expect(await h.worker1.tick()).toMatchObject({ promoted: 0, 'held-back': 0 })
    expect(await stateOf(h.deps, h.addon.id)).toMatchObject({
      rotation: { stuckSince: null },
      attempts: 0,
      failures: [],
    })
    const calls = callsBesideNotices(h).length
    await h.deps.db.updateTable('keysets').set({ wake_at: h.clock.now() }).execute()
    h.clock.advance(110 * SECOND)
    await h.worker1.tick()
    expect(callsBesideNotices(h)).toHaveLength(calls)

    h.clock.advance(2 * MINUTE)
    expect(await h.worker1.tick()).toMatchObject({ promoted: 1 })
  })
})

describe('a rotation', () => {
  test('is stuck after the last attempt and not before, and says so in the log and in the history', async () => {
    const h = await startDue()
    h.heroku.faults.add({ match: PATCH, kind: 'status', status: 422, times: 99 })
    for (let attempt = 1; attempt < MAX_ATTEMPTS; attempt += 1) {
      await h.worker1.tick()
      expect(await stateOf(h.deps, h.addon.id)).toMatchObject({
        rotation: { stuckSince: null },
        attempts: attempt,
      })
      h.clock.advance(HOUR)
    }
    await h.worker1.tick()
    expect(await stateOf(h.deps, h.addon.id)).toMatchObject({
      rotation: { stuckSince: h.clock.now() },
      attempts: MAX_ATTEMPTS,
    })
    expect((await historyOf(h.deps, h.addon.id)).at(-1)).toMatchObject({
      kind: 'rotation-stuck',
      attempts: MAX_ATTEMPTS,
      failures: Array.from({ length: MAX_ATTEMPTS }, () => ({ kind: 'refused', status: 422 })),
    })
    expect(h.logLines.filter((line) => line.includes('rotation stuck'))).toHaveLength(1)
    expect(callsTo(h, 'PATCH', '/config')).toHaveLength(MAX_ATTEMPTS)
  })

  test('has all its attempts, however often a filler failed before it', async () => {
    const h = await startWithAddon({ grace: '48h' })
    h.clock.advance(14 * DAY)
    await h.worker1.tick()
    h.heroku.faults.add({ match: PATCH, kind: 'status', status: 422, times: MAX_ATTEMPTS + 1 })
    h.clock.advance(2 * DAY)
    for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt += 1) {
      expect(await h.worker1.tick()).toMatchObject({ failed: 1 })
      h.clock.advance(HOUR)
    }
    h.clock.advance(12 * DAY)
    expect(await h.worker1.tick()).toMatchObject({ failed: 1 })
    expect(await stateOf(h.deps, h.addon.id)).toMatchObject({ rotation: { stuckSince: null }, attempts: 1 })
    h.clock.advance(MINUTE)
    expect(await h.worker1.tick()).toMatchObject({ promoted: 1 })
  })

  test.each([
    [404, 8, DAY],
    [422, MAX_ATTEMPTS + 5, HOUR],
  ])(
    'that is none but a filler which Heroku refuses (%i) is tried on, and does not fill the history',
    async (status, tries, longestDelayMs) => {
      const h = await startWithAddon({ grace: '48h' })
      h.clock.advance(14 * DAY)
      await h.worker1.tick()
      h.heroku.faults.add({ match: PATCH, kind: 'status', status, times: 99 })
      h.clock.advance(2 * DAY)
      const before = (await kindsOf(h.deps, h.addon.id)).filter(notOfTokens)
      for (let attempt = 1; attempt <= tries; attempt += 1) {
        expect(await h.worker1.tick()).toMatchObject({ failed: 1 })
        h.clock.advance(longestDelayMs)
      }
      const since = (await kindsOf(h.deps, h.addon.id)).filter(notOfTokens).slice(before.length)
      expect(since).toEqual(status === 404 ? ['missing-at-heroku'] : [])
      const { attempts, failures } = await stateOf(h.deps, h.addon.id)
      expect([attempts, failures.length]).toEqual([tries, Math.min(tries, MAX_ATTEMPTS)])
    },
  )

  test('a filler for which Heroku knows no resource is told once, however often it failed before', async () => {
    const h = await startWithAddon({ grace: '48h' })
    h.clock.advance(14 * DAY)
    await h.worker1.tick()
    h.heroku.faults.add({ match: PATCH, kind: 'status', status: 422, times: MAX_ATTEMPTS })
    h.heroku.faults.add({ match: PATCH, kind: 'status', status: 404, times: 99 })
    h.clock.advance(2 * DAY)
    const missingSince = []
    for (let attempt = 1; attempt <= MAX_ATTEMPTS + 4; attempt += 1) {
      expect(await h.worker1.tick()).toMatchObject({ failed: 1 })
      missingSince.push((await findResource(h.deps.db, h.addon.id))?.missingSince?.getTime())
      h.clock.advance(attempt <= MAX_ATTEMPTS ? HOUR : DAY / 4)
    }
    const kinds = await kindsOf(h.deps, h.addon.id)
    expect(kinds.filter((kind) => kind === 'missing-at-heroku')).toHaveLength(1)
    // Since when it is missing does not move with each further try.
    expect(missingSince[MAX_ATTEMPTS]).toBeUndefined()
    expect(missingSince[MAX_ATTEMPTS + 1]).toBeDefined()
    expect(new Set(missingSince.slice(MAX_ATTEMPTS + 1)).size).toBe(1)
  })

  test.each([404, 410])(
    'of a resource that Heroku does not know (%i) is asked again after minutes before that is believed',
    async (status) => {
      const h = await startDue()
      h.heroku.faults.add({ match: PATCH, kind: 'status', status, times: 99 })
      await h.worker1.tick()
      const asked = await stateOf(h.deps, h.addon.id)
      expect(asked).toMatchObject({ rotation: { stuckSince: null }, failures: [{ kind: 'missing', status }] })
      const delayMs = (asked.wakeAt?.getTime() ?? 0) - h.clock.now().getTime()
      expect([delayMs >= MINUTE, delayMs <= 5 * MINUTE]).toEqual([true, true])
      expect(await findResource(h.deps.db, h.addon.id)).toMatchObject({ missingSince: null })

      h.clock.advance(delayMs)
      await h.worker1.tick()
      expect(await stateOf(h.deps, h.addon.id)).toMatchObject({
        rotation: { stuckSince: h.clock.now() },
        attempts: 2,
      })
      expect(await findResource(h.deps.db, h.addon.id)).toMatchObject({ missingSince: h.clock.now() })
      expect((await kindsOf(h.deps, h.addon.id)).slice(-2)).toEqual(['missing-at-heroku', 'rotation-stuck'])
    },
  )

  test('of a resource that Heroku did not know for a moment goes on with the same key, and nothing is told', async () => {
    const h = await startDue()
    h.heroku.faults.add({ match: PATCH, kind: 'status', status: 404 })
    await h.worker1.tick()
    h.clock.advance(5 * MINUTE)
    expect(await h.worker1.tick()).toMatchObject({ promoted: 1 })
    expect(new Set(pushes(h)).size).toBe(1)
    const kinds = await kindsOf(h.deps, h.addon.id)
    expect(kinds).not.toContain('missing-at-heroku')
    expect(kinds).not.toContain('rotation-stuck')
  })

  test('of a resource that Heroku never knows again is asked for hourly, then daily, and goes on when it does', async () => {
    const h = await startDue()
    const fault = h.heroku.faults
    fault.add({ match: { path: '/addons/' }, kind: 'status', status: 404, times: 999 })
    const delaysMs: number[] = []
    for (let time = 0; time < 9; time += 1) {
      expect(await h.worker1.tick()).toMatchObject({ failed: 1 })
      const { wakeAt } = await stateOf(h.deps, h.addon.id)
      delaysMs.push((wakeAt?.getTime() ?? 0) - h.clock.now().getTime())
      h.clock.advance(delaysMs.at(-1) ?? 0)
    }
    const [first = 0, ...others] = delaysMs
    expect(first).toBeLessThanOrEqual(5 * MINUTE)
    expect(others[0]).toBeLessThanOrEqual(HOUR)
    expect(Math.min(...others)).toBeGreaterThanOrEqual(HOUR / 2)
    expect(others.at(-1)).toBeGreaterThanOrEqual(DAY / 2)
    expect(Math.max(...others)).toBeLessThanOrEqual(DAY)
    fault.clear()
    expect(await h.worker1.tick()).toMatchObject({ promoted: 1 })
    expect(await findResource(h.deps.db, h.addon.id)).toMatchObject({ missingSince: null })
  })

  test('that fails for one add-on does not hold up the others of its group', async () => {
    const h = await startWithAddon()
    const others = []
    for (const number of [2, 3, 4]) {
      await h.heroku.customer.createApp(`service-${number}`)
      others.push(await h.heroku.customer.createAddon({ app: `service-${number}`, plan: 'fortnightly' }))
    }
    for (const { id } of others) {
      await expect.poll(() => kindsOf(h.deps, id)).toContain('grant-exchanged')
    }
    h.heroku.faults.add({ match: { ...PATCH, addon: h.addon.id }, kind: 'status', status: 422 })
    // One whose keys cannot be opened at all is among them too.
    const [broken] = others
    const { db } = h.deps
    const keys = await findKeys(db, broken?.id ?? '')
    await db
      .deleteFrom('sealed_keys')
      .where('resource_id', '=', broken?.id ?? '')
      .execute()
    await db
      .insertInto('sealed_keys')
      .values(
        keys.map(({ version, createdAt, digest }) => ({
          resource_id: broken?.id ?? '',
          version,
          created_at: createdAt,
          digest,
          sealed: Buffer.from('unreadable'),
        })),
      )
      .execute()
    h.clock.advance(14 * DAY)
    expect(await h.worker1.tick()).toMatchObject({ promoted: 2, failed: 2 })
    const { failures } = await stateOf(h.deps, broken?.id ?? '')
    expect(failures).toMatchObject([
      { kind: 'unreadable', detail: expect.stringMatching(/^sealed of resource /) },
    ])
  })
})
