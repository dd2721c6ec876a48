import { expect, test } from 'vitest'
import { requestRotation } from '../../src/flows/request-rotation.ts'
import { revokeKeys } from '../../src/flows/revoke-keys.ts'
import { DAY, HOUR, MINUTE } from '../support/harness.ts'
import { ACTOR, startLife } from './support/customer-app.ts'
import { gateAtSealing } from './support/gate.ts'
import { heldRotation, LEASE_AND_MORE, storedRows } from './support/held-rotation.ts'
import { tickOf } from './support/ticks.ts'

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
  const after = await storedRows(life)

  expect(await life.finish()).toMatchObject({ promoted: 0, givenBack: 1 })
  expect(await storedRows(life)).toEqual(after)
  expect(life.pushed()).toHaveLength(1)
})

test('a worker that slept through its lease does not promote while the one that took over still tries', async () => {
  const life = await heldRotation('after')
  life.clock.advance(LEASE_AND_MORE)
  life.heroku.faults.add({ match: { method: 'GET', addon: life.id }, kind: 'status', status: 503 })
  expect(await life.tick()).toMatchObject({ promoted: 0, failed: 1 })
  const after = await storedRows(life)

  expect(await life.finish()).toMatchObject({ promoted: 0, givenBack: 1 })
  expect(await storedRows(life)).toEqual(after)
  life.clock.advance(MINUTE)
  expect(await life.tick()).toMatchObject({ promoted: 1 })
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
  const after = await storedRows(life)
  gate.open()
  expect(await ticking).toMatchObject({ promoted: 0 })
  expect(await storedRows(life)).toEqual(after)
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
  const after = await storedRows(life)
  await ticking
  expect(await storedRows(life)).toEqual(after)
})
