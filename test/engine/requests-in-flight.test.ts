import { expect, test } from 'vitest'
import { pauseRotation } from '../../src/flows/dashboard/pause-rotation.ts'
import { requestRotation } from '../../src/flows/dashboard/request-rotation.ts'
import { revokeKeys } from '../../src/flows/dashboard/revoke-keys.ts'
import { setGracePeriod } from '../../src/flows/dashboard/set-grace-period.ts'
import { changePlan } from '../../src/flows/provisioning/change-plan.ts'
import { deprovision } from '../../src/flows/provisioning/deprovision.ts'
import { recordEvents } from '../../src/store/history.ts'
import { DAY, HOUR, MINUTE } from '../support/harness.ts'
import { livesOf } from '../support/resource.ts'
import { checkBooks } from './support/books.ts'
import { ACTOR, startLife } from './support/customer-app.ts'
import { gateAtClaim, gateAtPush } from './support/gate.ts'
import { heldRotation, LEASE_AND_MORE, storedRows } from './support/held-rotation.ts'
import { beginAll, untilSomeWait } from './support/locks.ts'
import { mortalProcess } from './support/mortal-process.ts'
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
      { end: 'rotation-superseded' },
      { reason: 'revoke', end: 'rotated' },
    ])
  },
)

test.each([
  ['refuses', { status: 422 }],
  ['limits', { status: 429, retryAfter: 3_600 }],
  ['does not know the add-on of', { status: 404 }],
] as const)(
  'a revoke during a push that Heroku %s is neither put off by that nor has one attempt less',
  async (_, fault) => {
    const life = await heldRotation('before')
    life.heroku.faults.add({ match: { method: 'PATCH', addon: life.id }, kind: 'status', ...fault })
    await revokeKeys(life.deps, { resourceId: life.id, actor: ACTOR })
    const { keysets } = await storedRows(life)
    expect(await life.finish()).toMatchObject({ promoted: 0 })
    expect((await storedRows(life)).keysets).toEqual(keysets)
    expect(await life.rotations()).toMatchObject([
      { end: 'rotation-superseded' },
      { reason: 'revoke', end: 'under way' },
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
    expect(after).toMatchObject({ keysets: [], keys: [] })
    expect(await life.rotations()).toMatchObject([{ end: 'rotation-cancelled' }])
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
    expect((await life.state()).nextRotationAt).toEqual(new Date(dueAt.getTime() + 7 * DAY))
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
    // Made less than a day ago: later a repeat gets no keys at all.
    await life.deps.db.updateTable('resources').set({ created_at: life.clock.now() }).execute()
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
  expect(answer).toMatchObject({ outcome: 'joined' })
  expect(await life.finish()).toMatchObject({ promoted: 1 })
  expect(life.pushed()).toHaveLength(1)
})

test('a revoke while another worker makes a key leaves that key unstored, and makes its own two', async () => {
  const life = await startLife()
  life.clock.advance(14 * DAY)
  const gate = gateAtClaim(await life.anotherProcess())
  const ticking = tickOf(gate.deps)
  await gate.reached
  await revokeKeys(life.deps, { resourceId: life.id, actor: ACTOR })
  gate.open()
  await ticking
  await life.tick()
  const lives = await livesOf(life.deps, life.id)
  expect(lives.filter(({ version }) => version > 2)).toMatchObject([
    { version: 4, stage: 'previous', filler: true },
    { version: 3, stage: 'current', filler: false },
  ])
  expect(life.pushed()).toHaveLength(1)
  expect(await life.rotations()).toMatchObject([{ reason: 'revoke', end: 'rotated' }])
})

test('"rotate now" while a worker puts a config right waits for that worker, and no other takes the add-on meanwhile', async () => {
  const life = await startLife()
  const release = life.heroku.view.app(life.appName).version
  life.clock.advance(14 * DAY)
  await life.tick()
  await life.heroku.customer.rollback(life.appName, release)
  life.clock.advance(2 * HOUR)
  const gate = gateAtPush(await life.anotherProcess(), 'before')
  const ticking = tickOf(gate.deps)
  await gate.reached
  expect(await requestRotation(life.deps, { resourceId: life.id, actor: ACTOR })).toMatchObject({
    outcome: 'requested',
  })
  expect(await life.tick()).toMatchObject({ promoted: 0, checked: 0 })
  gate.open()
  expect(await ticking).toMatchObject({ 'given-back': 1, failed: 0 })
  expect(await life.tick()).toMatchObject({ promoted: 1 })
  expect((await life.rotations()).map(({ reason }) => reason)).toEqual(['scheduled', 'manual'])
  expect(await life.accepts(life.held().first)).toBe(true)
})

test('a second change while a promotion takes account of the first waits for it, and both hold', async () => {
  const life = await startLife()
  life.clock.advance(14 * DAY)
  const { id: resourceId, deps } = life
  const grace = { until: 'elapsed', ms: 24 * HOUR } as const
  let second: Promise<unknown> | undefined
  const process = mortalProcess(await life.anotherProcess(), life.databaseUrl, {
    // The key was stored, the promotion was refused, and now it is made anew.
    name: 'before write-states, within',
    nth: 3,
    async instead() {
      const shorten = () => setGracePeriod(deps, { resourceId, actor: ACTOR, grace })
      second = (await beginAll(deps.db, [shorten])).ended
    },
  })
  const gate = gateAtPush(process.deps, 'after')
  const ticking = tickOf(gate.deps)
  await gate.reached
  await pauseRotation(deps, { resourceId, actor: ACTOR, until: null, reason: 'freeze' })
  gate.open()
  expect(await ticking).toMatchObject({ promoted: 1, 'given-back': 0 })
  expect(second).toBeDefined()
  await second
  const publishedAt = life.clock.now()
  expect(await life.state()).toMatchObject({
    claimedUntil: null,
    pause: { reason: 'freeze' },
    keyset: { current: 3, second: { version: 2, until: new Date(publishedAt.getTime() + 24 * HOUR) } },
  })
  await process.end()
})

test('a promotion that has to wait for an event of the same add-on takes the number behind it', async () => {
  const life = await heldRotation('after')
  const { deps, id } = life
  const recorded = Promise.withResolvers<void>()
  const ended = Promise.withResolvers<void>()
  const signedIn = { at: life.clock.now(), kind: 'signed-in', actor: ACTOR } as const
  const recording = deps.db.transaction().execute(async (trx) => {
    await recordEvents(trx, [{ resourceId: id, events: [signedIn] }])
    recorded.resolve()
    await ended.promise
  })
  await recorded.promise
  const finishing = life.finish()
  await untilSomeWait(deps.db)
  ended.resolve()
  await recording
  expect(await finishing).toMatchObject({ promoted: 1 })
  expect((await life.kinds()).slice(-2)).toEqual(['signed-in', 'rotated'])
  await checkBooks(deps, id)
})
