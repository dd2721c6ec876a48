import { describe, expect, test } from 'vitest'
import { MAX_ATTEMPTS } from '../../src/domain/schedule.ts'
import { findResource } from '../../src/store/resources.ts'
import { callsTo, type HarnessWithAddon, pushes, startWithAddon } from '../support/addon.ts'
import { DAY, HOUR, MINUTE, SECOND } from '../support/harness.ts'
import { auditActions, auditTrail, lastRotation, scheduleOf } from '../support/resource.ts'

const PATCH = { method: 'PATCH' }

async function startDue(): Promise<HarnessWithAddon> {
  const h = await startWithAddon({ callTimeoutMs: 300 })
  h.clock.advance(14 * DAY)
  return h
}

describe('an attempt that fails', () => {
  test.each([
    ['a refusal', { kind: 'status', status: 422 }, 'refused'],
    ['an error of Heroku', { kind: 'status', status: 500 }, 'unavailable'],
    ['an error after the write', { kind: 'status-after-write' }, 'unavailable'],
    ['a cut connection', { kind: 'cut' }, 'unavailable'],
    ['a lost answer', { kind: 'lost-answer' }, 'unavailable'],
    ['silence', { kind: 'hang' }, 'unavailable'],
    ['half an answer', { kind: 'truncated-body' }, 'unavailable'],
    ['an answer that is no JSON', { kind: 'garbage-body' }, 'unavailable'],
    ['an answer that holds another value', { kind: 'status', status: 200, body: [] }, 'mismatch'],
    ['a redirect', { kind: 'redirect' }, 'refused'],
  ] as const)(
    'by %s is counted with its reason, tried again, and ends with the same key',
    async (_what, fault, kind) => {
      const h = await startDue()
      h.heroku.faults.add({ match: PATCH, ...fault })
      expect(await h.worker1.tick()).toMatchObject({ promoted: 0, failed: 1 })
      const failed = await lastRotation(h.deps, h.addon.id)
      expect(failed).toMatchObject({
        state: 'open',
        attempts: 1,
        lastFailure: expect.stringMatching(`^${kind}: `),
      })
      const { wakeAt, claimedUntil } = await scheduleOf(h.deps, h.addon.id)
      const delayMs = (wakeAt?.getTime() ?? 0) - h.clock.now().getTime()
      expect(delayMs).toBeGreaterThanOrEqual(15 * SECOND)
      expect(delayMs).toBeLessThanOrEqual(30 * SECOND)
      expect(claimedUntil).toBeNull()
      expect((await auditTrail(h.deps, h.addon.id)).at(-1)).toMatchObject({
        action: 'rotation-attempt-failed',
        details: { failure: failed.lastFailure, failures: 1 },
      })

      h.clock.advance(30 * SECOND)
      expect(await h.worker1.tick()).toMatchObject({ promoted: 1 })
      expect(new Set(pushes(h)).size).toBe(1)
    },
  )

  test('counts no attempt when Heroku says that we are too fast, and nobody calls until the time is over', async () => {
    const h = await startDue()
    h.heroku.faults.add({ match: PATCH, kind: 'status', status: 429, retryAfter: 120 })
    expect(await h.worker1.tick()).toMatchObject({ heldBack: 1, failed: 0 })
    expect(await lastRotation(h.deps, h.addon.id)).toMatchObject({
      state: 'open',
      attempts: 0,
      lastFailure: null,
    })
    const calls = h.heroku.view.apiCalls().length

    // Another process does not call either, not even for another add-on.
    await h.deps.db.updateTable('schedule').set({ wake_at: h.clock.now() }).execute()
    h.clock.advance(110 * SECOND)
    await h.worker1.tick()
    expect(h.heroku.view.apiCalls()).toHaveLength(calls)

    h.clock.advance(2 * MINUTE)
    expect(await h.worker1.tick()).toMatchObject({ promoted: 1 })
  })
})

describe('a rotation', () => {
  test('is stuck after the last attempt and not before, and says so in the log and in the audit trail', async () => {
    const h = await startDue()
    h.heroku.faults.add({ match: PATCH, kind: 'status', status: 422, times: 99 })
    for (let attempt = 1; attempt < MAX_ATTEMPTS; attempt += 1) {
      await h.worker1.tick()
      expect(await lastRotation(h.deps, h.addon.id)).toMatchObject({ state: 'open', attempts: attempt })
      h.clock.advance(HOUR)
    }
    await h.worker1.tick()
    expect(await lastRotation(h.deps, h.addon.id)).toMatchObject({ state: 'stuck', attempts: MAX_ATTEMPTS })
    expect((await auditActions(h.deps, h.addon.id)).at(-1)).toBe('rotation-stuck')
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
    expect(await lastRotation(h.deps, h.addon.id)).toMatchObject({ state: 'open', attempts: 1 })
    h.clock.advance(MINUTE)
    expect(await h.worker1.tick()).toMatchObject({ promoted: 1 })
  })

  test.each([404, 422])(
    'that is none but a filler which Heroku refuses (%i) is tried on, and does not fill the trail',
    async (status) => {
      const h = await startWithAddon({ grace: '48h' })
      h.clock.advance(14 * DAY)
      await h.worker1.tick()
      h.heroku.faults.add({ match: PATCH, kind: 'status', status, times: 99 })
      h.clock.advance(2 * DAY)
      for (let attempt = 1; attempt <= MAX_ATTEMPTS + 5; attempt += 1) {
        expect(await h.worker1.tick()).toMatchObject({ failed: 1 })
        h.clock.advance(HOUR)
      }
      const actions = await auditActions(h.deps, h.addon.id)
      expect(actions.filter((action) => action === 'rotation-attempt-failed')).toHaveLength(MAX_ATTEMPTS)
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
      h.clock.advance(HOUR)
    }
    const actions = await auditActions(h.deps, h.addon.id)
    expect(actions.filter((action) => action === 'resource-missing-at-heroku')).toHaveLength(1)
    // Since when it is missing does not move with each further try.
    expect(new Set(missingSince.slice(MAX_ATTEMPTS))).toEqual(new Set([missingSince[MAX_ATTEMPTS]]))
  })

  test.each([404, 410])(
    'of a resource that Heroku does not know (%i) stops at once and is marked',
    async (status) => {
      const h = await startDue()
      h.heroku.faults.add({ match: PATCH, kind: 'status', status })
      await h.worker1.tick()
      expect(await lastRotation(h.deps, h.addon.id)).toMatchObject({ state: 'stuck', attempts: 1 })
      expect(await findResource(h.deps.db, h.addon.id)).toMatchObject({ missingSince: h.clock.now() })
      expect((await auditActions(h.deps, h.addon.id)).slice(-3)).toEqual([
        'rotation-attempt-failed',
        'resource-missing-at-heroku',
        'rotation-stuck',
      ])
    },
  )

  test('that fails for one add-on does not hold up the others of its group', async () => {
    const h = await startWithAddon()
    const others = []
    for (const number of [2, 3, 4]) {
      await h.heroku.customer.createApp(`service-${number}`)
      others.push(await h.heroku.customer.createAddon({ app: `service-${number}`, plan: 'fortnightly' }))
    }
    for (const { id } of others) {
      await expect.poll(() => auditActions(h.deps, id)).toContain('grant-exchanged')
    }
    h.heroku.faults.add({ match: { ...PATCH, addon: h.addon.id }, kind: 'status', status: 422 })
    // One whose keys cannot be opened at all is among them too.
    const [broken] = others
    await h.deps.db
      .updateTable('key_versions')
      .set({ sealed_key: 'unreadable' })
      .where('resource_id', '=', broken?.id ?? '')
      .where('stage', '<>', 'retired')
      .execute()
    h.clock.advance(14 * DAY)
    expect(await h.worker1.tick()).toMatchObject({ promoted: 2, failed: 2 })
    const { lastFailure } = await lastRotation(h.deps, broken?.id ?? '')
    expect(lastFailure).toMatch(/^unreadable: sealed_key of resource /)
  })
})
