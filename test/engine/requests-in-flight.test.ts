import { expect, test } from 'vitest'
import { changePlan } from '../../src/flows/change-plan.ts'
import { deprovision } from '../../src/flows/deprovision.ts'
import { pauseRotation } from '../../src/flows/pause-rotation.ts'
import { requestRotation } from '../../src/flows/request-rotation.ts'
import { revokeKeys } from '../../src/flows/revoke-keys.ts'
import { setGracePeriod } from '../../src/flows/set-grace-period.ts'
import { DAY, HOUR, MINUTE } from '../support/harness.ts'
import { ACTOR, startLife } from './support/customer-app.ts'
import { gateAtSealing } from './support/gate.ts'
import { heldRotation, LEASE_AND_MORE, storedRows } from './support/held-rotation.ts'
import { tickOf } from './support/ticks.ts'

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
    const after = await storedRows(life)
    await life.finish()
    expect(await storedRows(life)).toEqual(after)
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
    const { schedule } = await storedRows(life)
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

test('a revoke while another worker makes a key leaves that key unstored, and makes its own two', async () => {
  const life = await startLife()
  life.clock.advance(14 * DAY)
  const gate = gateAtSealing(await life.anotherProcess())
  const ticking = tickOf(gate.deps)
  await gate.reached
  await revokeKeys(life.deps, { resourceId: life.id, actor: ACTOR })
  gate.open()
  await ticking
  await life.tick()
  const { keys } = await storedRows(life)
  expect(keys.filter(({ version }) => version > 2)).toMatchObject([
    { stage: 'current', filler: false },
    { stage: 'previous', filler: true },
  ])
  expect(life.pushed()).toHaveLength(1)
  expect(await life.rotations()).toMatchObject([{ reason: 'revoke', state: 'done' }])
})
