import { describe, expect, test } from 'vitest'
import { resumeRotation } from '../../src/flows/dashboard/request-rotation.ts'
import { changePlan } from '../../src/flows/provisioning/change-plan.ts'
import { gateAtClaim } from '../engine/support/gate.ts'
import { tickOf } from '../engine/support/ticks.ts'
import { keysOn, pushes, startWithAddon, tickUntilStuck } from '../support/addon.ts'
import { DAY, HOUR, MINUTE } from '../support/harness.ts'
import { endedRotations, historyOf, stagesOf, stateOf, uuid } from '../support/resource.ts'

/** An add-on on the plan `fortnightly`, provisioned so many days ago. */
async function startAged(days: number, options: { grace?: string } = {}) {
  const h = await startWithAddon(options)
  const provisionedAt = h.clock.now()
  h.clock.advance(days * DAY)
  const onDay = (day: number) => new Date(provisionedAt.getTime() + day * DAY)
  const change = (plan: string) => changePlan(h.deps, { resourceId: h.addon.id, plan })
  return { ...h, onDay, change }
}

describe('a plan change', () => {
  test('to the same plan changes nothing and leaves no trace but a log line', async () => {
    const h = await startAged(3)
    const before = [await stateOf(h.deps, h.addon.id), await historyOf(h.deps, h.addon.id)]
    expect(await h.change('fortnightly')).toMatchObject({ outcome: 'same-plan' })
    expect([await stateOf(h.deps, h.addon.id), await historyOf(h.deps, h.addon.id)]).toEqual(before)
  })

  test('to a shorter period counts the age of the present key: due when the key is that old', async () => {
    const h = await startAged(3)
    expect(await h.change('weekly')).toMatchObject({ outcome: 'plan-changed', plan: 'weekly' })
    expect(await stateOf(h.deps, h.addon.id)).toMatchObject({
      nextRotationAt: h.onDay(7),
      // The config is compared each day.
      wakeAt: h.onDay(1),
    })
    expect(await h.worker1.tick()).toMatchObject({ promoted: 0 })
    h.clock.advance(4 * DAY)
    expect(await h.worker1.tick()).toMatchObject({ promoted: 1 })
    expect(await endedRotations(h.deps, h.addon.id)).toMatchObject([{ rotation: { reason: 'scheduled' } }])
    expect(await stateOf(h.deps, h.addon.id)).toMatchObject({ nextRotationAt: h.onDay(14) })
  })

  test('to a period that the key has outlived rotates at once, for that reason, and counts from there', async () => {
    const h = await startAged(10)
    const before = keysOn(h)
    await h.change('weekly')
    expect(await h.worker1.tick()).toMatchObject({ promoted: 1 })
    expect(await endedRotations(h.deps, h.addon.id)).toMatchObject([
      { kind: 'rotated', actor: { type: 'heroku' }, rotation: { reason: 'plan-change', dueAt: h.onDay(10) } },
    ])
    expect(keysOn(h).second).toBe(before.first)
    expect(await stateOf(h.deps, h.addon.id)).toMatchObject({ nextRotationAt: h.onDay(17) })
  })

  test('to the period that the key is exactly old rotates at once, and only once', async () => {
    const h = await startAged(7)
    await h.change('weekly')
    await h.worker1.tick()
    await h.worker1.tick()
    expect(pushes(h)).toHaveLength(1)
    expect(await stateOf(h.deps, h.addon.id)).toMatchObject({ nextRotationAt: h.onDay(14) })
  })

  test('to a longer period moves the due date away', async () => {
    const h = await startAged(13)
    await h.change('monthly')
    h.clock.advance(2 * DAY)
    expect(await h.worker1.tick()).toMatchObject({ promoted: 0 })
    expect(await stateOf(h.deps, h.addon.id)).toMatchObject({ nextRotationAt: h.onDay(28) })
  })

  test('to a longer period when the old date has just come, before a worker looked, makes no rotation', async () => {
    const h = await startAged(14)
    await h.change('monthly')
    expect(await h.worker1.tick()).toMatchObject({ promoted: 0 })
    expect(pushes(h)).toEqual([])
  })

  test('there and back leaves the due date as it was', async () => {
    const h = await startAged(3)
    for (const plan of ['monthly', 'weekly', 'fortnightly']) await h.change(plan)
    expect(await stateOf(h.deps, h.addon.id)).toMatchObject({
      nextRotationAt: h.onDay(14),
      wakeAt: h.onDay(1),
    })
  })

  test('keeps the end of a grace period that comes before the next rotation', async () => {
    const h = await startAged(14, { grace: '48h' })
    await h.worker1.tick()
    await h.change('monthly')
    expect(await stateOf(h.deps, h.addon.id)).toMatchObject({ nextRotationAt: h.onDay(42) })
    h.clock.advance(48 * HOUR)
    expect(await h.worker1.tick()).toMatchObject({ promoted: 1 })
    expect(await stagesOf(h.deps, h.addon.id)).toMatchObject({ 2: 'retired', 3: 'current', 4: 'previous' })
  })

  test('leaves a trace that names both plans', async () => {
    const h = await startAged(3)
    await h.change('weekly')
    expect((await historyOf(h.deps, h.addon.id)).at(-1)).toMatchObject({
      kind: 'plan-changed',
      actor: { type: 'heroku' },
      at: h.clock.now(),
      details: { from: 'fortnightly', to: 'weekly' },
    })
  })

  test('to a plan that is not offered is refused and changes nothing', async () => {
    const h = await startAged(3)
    const before = await stateOf(h.deps, h.addon.id)
    await expect(h.change('hourly')).rejects.toMatchObject({ code: 'unknown-plan' })
    expect(await stateOf(h.deps, h.addon.id)).toEqual(before)
    await expect(changePlan(h.deps, { resourceId: uuid(9), plan: 'hourly' })).rejects.toMatchObject({
      code: 'unknown-resource',
    })
  })
})

describe('a plan change while a rotation is under way', () => {
  test('lets a push that waits for its answer end as it is, and takes the new period from its due date', async () => {
    const h = await startAged(14)
    h.heroku.faults.add({ match: { method: 'PATCH' }, kind: 'latency', ms: 150 })
    const ticking = h.worker1.tick()
    await expect.poll(() => pushes(h)).toHaveLength(1)
    await h.change('weekly')
    expect(await ticking).toMatchObject({ promoted: 1 })
    expect(pushes(h)).toHaveLength(1)
    expect(await stateOf(h.deps, h.addon.id)).toMatchObject({ nextRotationAt: h.onDay(21) })
  })

  test('does not revive a stuck one, and counts once that one is resumed and done', async () => {
    const h = await startAged(14)
    await tickUntilStuck(h)
    await h.change('daily')
    h.clock.advance(MINUTE)
    await h.worker1.tick()
    expect(await stateOf(h.deps, h.addon.id)).toMatchObject({
      rotation: { stuckSince: new Date(h.clock.now().getTime() - MINUTE), reason: 'scheduled' },
    })
    expect(pushes(h)).toHaveLength(2)

    await resumeRotation(h.deps, { resourceId: h.addon.id, actor: { type: 'operator' } })
    expect(await h.worker1.tick()).toMatchObject({ promoted: 1 })
    expect(await stateOf(h.deps, h.addon.id)).toMatchObject({ nextRotationAt: h.onDay(15) })
  })

  test('takes back a key that was just being made for the old date, and the next rotation makes its own', async () => {
    const h = await startWithAddon({ grace: '2h', plan: 'daily' })
    // No app is ever seen to have the new key, so the old one is still in the config var when the next is due.
    const releases = { method: 'GET', path: '/releases' }
    h.heroku.faults.add({ match: releases, kind: 'status', status: 200, body: [], times: 9 })
    h.clock.advance(DAY)
    await h.worker1.tick()
    h.clock.advance(DAY)
    const gate = gateAtClaim(await h.anotherProcess())
    const ticking = tickOf(gate.deps)
    await gate.reached
    await changePlan(h.deps, { resourceId: h.addon.id, plan: 'monthly' })
    gate.open()
    await ticking
    expect(Object.values(await stagesOf(h.deps, h.addon.id))).not.toContain('pending')

    h.heroku.faults.clear()
    h.clock.advance(28 * DAY)
    await h.worker1.tick()
    expect((await endedRotations(h.deps, h.addon.id)).at(-1)).toMatchObject({
      kind: 'rotated',
      rotation: { reason: 'scheduled' },
    })
  })
})
