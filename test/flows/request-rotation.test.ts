import { describe, expect, test } from 'vitest'
import { MAX_ATTEMPTS } from '../../src/domain/schedule.ts'
import { requestRotation, resumeRotation } from '../../src/flows/dashboard/request-rotation.ts'
import { type HarnessWithAddon, keysOn, pushes, startWithAddon, tickUntilStuck } from '../support/addon.ts'
import { DAY, HOUR, MINUTE } from '../support/harness.ts'
import { endedRotations, historyOf, kindsOf, stateOf, uuid } from '../support/resource.ts'

const PERSON = {
  type: 'person',
  userId: 'user-1',
  email: 'dev@example.com',
  verified: true,
  address: '203.0.113.7',
} as const

const request = (h: HarnessWithAddon, more: { evenIfTooSoon?: boolean } = {}) =>
  requestRotation(h.deps, { resourceId: h.addon.id, actor: PERSON, ...more })
const resume = (h: HarnessWithAddon) => resumeRotation(h.deps, { resourceId: h.addon.id, actor: PERSON })

/** An add-on whose rotation is stuck, because Heroku answered 404 twice. */
async function startStuck(): Promise<HarnessWithAddon> {
  const h = await startWithAddon()
  h.clock.advance(14 * DAY)
  await tickUntilStuck(h)
  expect((await stateOf(h.deps, h.addon.id)).rotation).toMatchObject({ stuckSince: h.clock.now() })
  return h
}

describe('a rotation by hand', () => {
  test('takes place at the next tick, and the period counts anew from the request', async () => {
    const h = await startWithAddon()
    h.clock.advance(3 * DAY)
    const requestedAt = h.clock.now()
    const before = keysOn(h)
    expect(await request(h)).toMatchObject({ outcome: 'requested' })
    h.clock.advance(MINUTE)
    expect(await h.worker1.tick()).toMatchObject({ promoted: 1 })
    expect(keysOn(h).second).toBe(before.first)
    expect(await stateOf(h.deps, h.addon.id)).toMatchObject({
      nextRotationAt: new Date(requestedAt.getTime() + 14 * DAY),
    })
  })

  test('is written down with the person who asked', async () => {
    const h = await startWithAddon()
    await request(h)
    expect((await historyOf(h.deps, h.addon.id)).at(-1)).toMatchObject({
      kind: 'rotation-requested',
      actor: PERSON,
      at: h.clock.now(),
      details: { reason: 'manual' },
    })
    expect((await stateOf(h.deps, h.addon.id)).rotation).toMatchObject({
      reason: 'manual',
      openedBy: PERSON,
      stuckSince: null,
    })
  })

  test('is judged and dated by the clock of the database, however wrong that of the process is', async () => {
    const h = await startWithAddon()
    h.clock.advance(3 * DAY)
    const ahead = { ...h.deps, now: () => new Date(h.clock.now().getTime() + 3 * HOUR) }
    const ask = () => requestRotation(ahead, { resourceId: h.addon.id, actor: PERSON })
    const requestedAt = h.clock.now()
    expect(await ask()).toMatchObject({ outcome: 'requested' })
    expect(await h.worker1.tick()).toMatchObject({ promoted: 1 })
    expect(await stateOf(h.deps, h.addon.id)).toMatchObject({
      nextRotationAt: new Date(requestedAt.getTime() + 14 * DAY),
    })
    h.clock.advance(HOUR)
    expect(await ask()).toEqual({
      outcome: 'too-soon',
      allowedAt: new Date(requestedAt.getTime() + 2 * HOUR),
    })
  })

  test('is possible right after provision, since nobody ever signed with the second key', async () => {
    const h = await startWithAddon()
    expect(await request(h)).toMatchObject({ outcome: 'requested' })
  })

  test('that was requested before joins: one rotation, one push, one history row', async () => {
    const h = await startWithAddon()
    await request(h)
    expect(await request(h)).toMatchObject({ outcome: 'joined' })
    await h.worker1.tick()
    expect(pushes(h)).toHaveLength(1)
    const kinds = await kindsOf(h.deps, h.addon.id)
    expect(kinds.filter((kind) => kind === 'rotation-requested')).toHaveLength(1)
    expect(await endedRotations(h.deps, h.addon.id)).toMatchObject([{ kind: 'rotated', actor: PERSON }])
  })

  test('takes a stuck rotation up again, with the same key', async () => {
    const h = await startWithAddon()
    h.clock.advance(14 * DAY)
    await tickUntilStuck(h)
    expect(await request(h)).toMatchObject({ outcome: 'joined' })
    expect(await h.worker1.tick()).toMatchObject({ promoted: 1 })
    expect(new Set(pushes(h)).size).toBe(1)
  })

  test('at the moment at which the scheduled one is due makes one rotation, not two', async () => {
    const h = await startWithAddon()
    h.clock.advance(14 * DAY)
    await request(h)
    await h.worker1.tick()
    await h.worker1.tick()
    expect(pushes(h)).toHaveLength(1)
    expect(await endedRotations(h.deps, h.addon.id)).toHaveLength(1)
  })

  test('is refused while apps may still sign with the key that it would push out, and says until when', async () => {
    const h = await startWithAddon()
    h.clock.advance(14 * DAY)
    await h.worker1.tick()
    const allowedAt = new Date(h.clock.now().getTime() + 2 * HOUR)
    expect(await request(h)).toEqual({ outcome: 'too-soon', allowedAt })
    h.clock.advance(2 * HOUR - 1)
    expect(await request(h)).toEqual({ outcome: 'too-soon', allowedAt })
    h.clock.advance(1)
    expect(await request(h)).toMatchObject({ outcome: 'requested' })
  })

  test('that was refused leaves no trace', async () => {
    const h = await startWithAddon()
    h.clock.advance(14 * DAY)
    await h.worker1.tick()
    const before = await historyOf(h.deps, h.addon.id)
    await request(h)
    expect(await historyOf(h.deps, h.addon.id)).toEqual(before)
    expect(await h.worker1.tick()).toMatchObject({ promoted: 0 })
  })

  test('can be had too soon by whoever insists, and the history says that they did', async () => {
    const h = await startWithAddon()
    h.clock.advance(14 * DAY)
    await h.worker1.tick()
    expect(await request(h, { evenIfTooSoon: true })).toMatchObject({ outcome: 'requested' })
    expect((await historyOf(h.deps, h.addon.id)).at(-1)).toMatchObject({
      kind: 'rotation-requested',
      details: { reason: 'manual', evenIfTooSoon: true },
    })
  })

  test('of a resource that never was is refused', async () => {
    const { deps } = await startWithAddon()
    await expect(requestRotation(deps, { resourceId: uuid(99), actor: PERSON })).rejects.toMatchObject({
      code: 'unknown-resource',
    })
  })
})

describe('a stuck rotation', () => {
  test('is tried again about once a day for ever, and goes on by itself when its cause is gone', async () => {
    const h = await startWithAddon()
    h.heroku.faults.add({ match: { method: 'PATCH' }, kind: 'status', status: 422, times: 999 })
    h.clock.advance(14 * DAY)
    for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt += 1) {
      await h.worker1.tick()
      h.clock.advance(HOUR)
    }
    const { rotation } = await stateOf(h.deps, h.addon.id)
    expect(rotation?.stuckSince).not.toBeNull()
    const tries: number[] = []
    for (let hour = 0; hour < 7 * 24; hour += 1) {
      if ((await h.worker1.tick())?.failed === 1) tries.push(hour)
      h.clock.advance(HOUR)
    }
    const gaps = tries.slice(1).map((hour, index) => hour - (tries[index] ?? 0))
    expect([Math.min(...gaps) >= 20, Math.max(...gaps) <= 24]).toEqual([true, true])
    expect(new Set(gaps).size).toBeGreaterThan(1)
    expect((await stateOf(h.deps, h.addon.id)).rotation?.stuckSince).toEqual(rotation?.stuckSince)
    expect((await kindsOf(h.deps, h.addon.id)).filter((kind) => kind === 'rotation-stuck')).toHaveLength(1)

    h.heroku.faults.clear()
    h.clock.advance(DAY)
    expect(await h.worker1.tick()).toMatchObject({ promoted: 1 })
    expect(new Set(pushes(h)).size).toBe(1)
  })

  test('goes on with the same key when it is resumed, and has all its attempts again', async () => {
    const h = await startStuck()
    expect(await resume(h)).toBe(true)
    expect(await stateOf(h.deps, h.addon.id)).toMatchObject({ rotation: { stuckSince: null }, attempts: 0 })
    expect(await h.worker1.tick()).toMatchObject({ promoted: 1 })
    expect(new Set(pushes(h)).size).toBe(1)
    expect(
      (await historyOf(h.deps, h.addon.id)).find(({ kind }) => kind === 'rotation-resumed'),
    ).toMatchObject({ actor: PERSON })
  })

  test('that fails again after it was resumed is stuck only after all attempts again', async () => {
    const h = await startStuck()
    await resume(h)
    h.heroku.faults.add({ match: { method: 'GET', path: '/config' }, kind: 'status', status: 422, times: 11 })
    for (let attempt = 0; attempt < 11; attempt += 1) {
      await h.worker1.tick()
      expect(await stateOf(h.deps, h.addon.id)).toMatchObject({
        rotation: { stuckSince: null },
        attempts: attempt + 1,
      })
      h.clock.advance(HOUR)
    }
    expect(await h.worker1.tick()).toMatchObject({ promoted: 1 })
  })

  test('is taken up again by a request to rotate, which asks for nothing else', async () => {
    const h = await startStuck()
    expect(await request(h)).toMatchObject({ outcome: 'joined' })
    expect(await stateOf(h.deps, h.addon.id)).toMatchObject({ rotation: { stuckSince: null }, attempts: 0 })
    expect(await h.worker1.tick()).toMatchObject({ promoted: 1 })
    expect(new Set(pushes(h)).size).toBe(1)
  })

  test('that was resumed is not stuck, so nothing is left to resume', async () => {
    const h = await startStuck()
    await resume(h)
    expect(await resume(h)).toBe(false)
  })
})

test('an open rotation is not resumed: its delay stays', async () => {
  const h = await startWithAddon()
  h.heroku.faults.add({ match: { method: 'PATCH' }, kind: 'cut', times: 2 })
  h.clock.advance(14 * DAY)
  await h.worker1.tick()
  const before = await stateOf(h.deps, h.addon.id)
  expect(await resume(h)).toBe(false)
  expect(await stateOf(h.deps, h.addon.id)).toEqual(before)
})
