import { expect, test } from 'vitest'
import { changePlan } from '../../src/flows/change-plan.ts'
import { deprovision } from '../../src/flows/deprovision.ts'
import { pauseRotation } from '../../src/flows/pause-rotation.ts'
import { requestRotation } from '../../src/flows/request-rotation.ts'
import { revokeKeys } from '../../src/flows/revoke-keys.ts'
import { setGracePeriod } from '../../src/flows/set-grace-period.ts'
import { DAY, HOUR, MINUTE } from '../support/harness.ts'
import { ACTOR, type Life, startLife } from './support/customer-app.ts'
import { gateAtPush, gateAtSealing } from './support/gate.ts'
import { tickOf } from './support/ticks.ts'

/** A rotation that is due, held at its push, before or after Heroku has acted on it. */
async function heldRotation(side: 'before' | 'after', options: Parameters<typeof startLife>[0] = {}) {
  const life = await startLife(options)
  const before = life.held()
  life.clock.advance(14 * DAY)
  const gate = gateAtPush(await life.anotherProcess(), side)
  const ticking = tickOf(gate.deps)
  await gate.reached
  return {
    ...life,
    before,
    async finish() {
      gate.open()
      return await ticking
    },
  }
}

const LEASE_AND_MORE = 2 * MINUTE

test('twenty workers and one due add-on make one rotation and one push', async () => {
  const life = await startLife()
  life.clock.advance(14 * DAY)
  const others = await Promise.all([life.anotherProcess(), life.anotherProcess(), life.anotherProcess()])
  const workers = Array.from({ length: 20 }, (_, index) => tickOf(others[index % 3] ?? life.deps))
  const tallies = await Promise.all(workers)
  expect(tallies.reduce((sum, tally) => sum + (tally?.promoted ?? 0), 0)).toBe(1)
  expect(life.pushed()).toHaveLength(1)
  expect(await life.rotations()).toMatchObject([{ reason: 'scheduled', state: 'done' }])
})

test('twenty clicks on "rotate now" at once make one rotation', async () => {
  const life = await startLife()
  const clicks = await Promise.all(
    Array.from({ length: 20 }, () => requestRotation(life.deps, { resourceId: life.id, actor: ACTOR })),
  )
  expect(clicks.filter(({ outcome }) => outcome === 'requested')).toHaveLength(1)
  expect(clicks.filter(({ outcome }) => outcome === 'joined')).toHaveLength(19)
  await life.tick()
  expect(life.pushed()).toHaveLength(1)
})

test('a second click after the rotation is refused until the grace floor is over', async () => {
  const life = await startLife()
  const click = () => requestRotation(life.deps, { resourceId: life.id, actor: ACTOR })
  await click()
  await life.tick()
  expect(await click()).toMatchObject({ outcome: 'too-soon' })
  life.clock.advance(2 * HOUR)
  expect(await click()).toEqual({ outcome: 'requested' })
})

test('ten revokes at once make one revoke', async () => {
  const life = await startLife()
  const answers = await Promise.all(
    Array.from({ length: 10 }, () => revokeKeys(life.deps, { resourceId: life.id, actor: ACTOR })),
  )
  expect(answers.filter(({ outcome }) => outcome === 'requested')).toHaveLength(1)
  await life.tick()
  expect(life.pushed()).toHaveLength(1)
  expect(await life.rotations()).toMatchObject([{ reason: 'revoke', state: 'done' }])
})

test('a worker that slept through its lease after its push writes nothing; the one that took over did', async () => {
  const life = await heldRotation('after')
  life.clock.advance(LEASE_AND_MORE)
  expect(await life.tick()).toMatchObject({ promoted: 1 })
  const after = await stored(life)

  expect(await life.finish()).toMatchObject({ promoted: 0, givenBack: 1 })
  expect(await stored(life)).toEqual(after)
  expect(life.pushed()).toHaveLength(1)
})

test('a worker that slept through its lease while it made a key stores no key', async () => {
  const life = await startLife()
  life.clock.advance(14 * DAY)
  const gate = gateAtSealing(await life.anotherProcess())
  const ticking = tickOf(gate.deps)
  await gate.reached
  life.clock.advance(LEASE_AND_MORE)
  expect(await life.tick()).toMatchObject({ promoted: 1 })
  const after = await stored(life)
  gate.open()
  expect(await ticking).toMatchObject({ promoted: 0 })
  expect(await stored(life)).toEqual(after)
  expect(life.pushed()).toHaveLength(1)
})

test('a push that leaves after the lease and after the next rotation is put right by the check', async () => {
  const life = await heldRotation('before')
  life.clock.advance(LEASE_AND_MORE)
  await life.tick()
  life.clock.advance(3 * HOUR)
  await life.tick()
  await requestRotation(life.deps, { resourceId: life.id, actor: ACTOR })
  await life.tick()
  const newest = life.held()

  await life.finish()
  expect(life.held()).not.toEqual(newest)
  life.clock.advance(HOUR)
  expect(await life.tick()).toMatchObject({ checked: 1 })
  expect(life.held()).toEqual(newest)
})

test('a worker whose claim was taken over records no failure either', async () => {
  const life = await startLife({ callTimeoutMs: 300 })
  life.clock.advance(14 * DAY)
  const fault = { match: { method: 'PATCH', addon: life.id }, kind: 'hang' } as const
  life.heroku.faults.add(fault)
  const ticking = tickOf(await life.anotherProcess())
  await expect.poll(() => life.pushed().length, { interval: 5 }).toBe(1)
  life.clock.advance(LEASE_AND_MORE)
  expect(await life.tick()).toMatchObject({ promoted: 1 })
  const after = await stored(life)
  await ticking
  expect(await stored(life)).toEqual(after)
})

test.each(['before', 'after'] as const)(
  'a revoke %s the push of a rotation wins: only its pair stays, and no older key is accepted',
  async (side) => {
    const life = await heldRotation(side)
    await revokeKeys(life.deps, { resourceId: life.id, actor: ACTOR })
    expect(await life.accepts(life.before.first)).toBe(false)
    expect(await life.tick()).toMatchObject({ promoted: 1 })
    const revoked = life.held()
    expect(await life.finish()).toMatchObject({ promoted: 0 })

    life.clock.advance(LEASE_AND_MORE)
    await life.tick()
    expect(life.held()).toEqual(revoked)
    for (const value of life.pushed()) {
      const [first = ''] = value.split(',')
      expect(await life.accepts(first)).toBe(first === revoked.first)
    }
    expect(await life.rotations()).toMatchObject([
      { reason: 'revoke', state: 'done' },
      { state: 'superseded' },
    ])
  },
)

test.each(['before', 'after'] as const)(
  'a deprovision %s the push of a rotation ends it: nothing is written any more',
  async (side) => {
    const life = await heldRotation(side)
    await deprovision(life.deps, { resourceId: life.id })
    const after = await stored(life)
    await life.finish()
    expect(await stored(life)).toEqual(after)
    expect(after.keys.every(({ stage, sealed_key }) => stage === 'retired' && sealed_key === null)).toBe(true)
    expect(await life.rotations()).toMatchObject([{ state: 'cancelled' }])
  },
)

test.each(['before', 'after'] as const)(
  'a plan change %s the push lets the rotation end and counts the new period from its due date',
  async (side) => {
    const life = await heldRotation(side)
    const dueAt = life.clock.now()
    await changePlan(life.deps, { resourceId: life.id, plan: 'weekly' })
    expect(await life.finish()).toMatchObject({ promoted: 1 })
    expect(life.held().second).toBe(life.before.first)
    const { schedule } = await stored(life)
    expect(schedule[0]?.next_rotation_at).toEqual(new Date(dueAt.getTime() + 7 * DAY))
  },
)

test.each(['before', 'after'] as const)(
  'a pause %s the push lets the rotation end and holds the next one back',
  async (side) => {
    const life = await heldRotation(side)
    const pause = { resourceId: life.id, actor: ACTOR, until: null, reason: 'freeze' }
    expect(await pauseRotation(life.deps, pause)).toBe(true)
    expect(await life.finish()).toMatchObject({ promoted: 1 })
    life.clock.advance(60 * DAY)
    await life.tick()
    expect(await life.rotations()).toHaveLength(1)
  },
)

test.each(['before', 'after'] as const)(
  'a grace period shortened %s the push holds for the key that it displaces',
  async (side) => {
    const life = await heldRotation(side)
    const grace = { until: 'elapsed', ms: 24 * HOUR } as const
    await setGracePeriod(life.deps, { resourceId: life.id, actor: ACTOR, grace })
    expect(await life.finish()).toMatchObject({ promoted: 1 })
    life.clock.advance(24 * HOUR - MINUTE)
    await life.tick()
    expect(await life.accepts(life.before.first)).toBe(true)
    life.clock.advance(2 * MINUTE)
    await life.tick()
    expect(await life.accepts(life.before.first)).toBe(false)
    expect(life.held().second).not.toBe(life.before.first)
  },
)

test.each(['before', 'after'] as const)(
  'a repeated provision request %s the push answers the pair that is published, and makes none',
  async (side) => {
    const life = await heldRotation(side)
    const answer = await life.heroku.customer.repeatProvision(life.id)
    expect(answer.json).toMatchObject({
      config: { SECURE_KEY: `${life.before.first},${life.before.second}` },
    })
    expect(await life.finish()).toMatchObject({ promoted: 1 })
    expect(life.held().second).toBe(life.before.first)
  },
)

test('"rotate now" while a scheduled rotation is under way joins it', async () => {
  const life = await heldRotation('before')
  const answer = await requestRotation(life.deps, { resourceId: life.id, actor: ACTOR })
  expect(answer).toEqual({ outcome: 'joined' })
  expect(await life.finish()).toMatchObject({ promoted: 1 })
  expect(life.pushed()).toHaveLength(1)
})

/** All rows of the add-on that a worker writes. */
async function stored({ deps: { db }, id }: Life) {
  const [keys, rotations, schedule, audit] = await Promise.all([
    db.selectFrom('key_versions').selectAll().where('resource_id', '=', id).orderBy('version').execute(),
    db.selectFrom('rotations').selectAll().where('resource_id', '=', id).orderBy('id').execute(),
    db.selectFrom('schedule').selectAll().where('resource_id', '=', id).execute(),
    db.selectFrom('audit_events').selectAll().where('resource_id', '=', id).orderBy('id').execute(),
  ])
  return { keys, rotations, schedule, audit }
}
