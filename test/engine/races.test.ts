import { expect, test } from 'vitest'
import { requestRotation } from '../../src/flows/dashboard/request-rotation.ts'
import { revokeKeys } from '../../src/flows/dashboard/revoke-keys.ts'
import { createWorker } from '../../src/worker/worker.ts'
import { DAY, HOUR, MINUTE, SECOND, startHarness } from '../support/harness.ts'
import { kindsOf, provisionRequest, provisionResource } from '../support/resource.ts'
import { checkBooks } from './support/books.ts'
import { ACTOR, lifeOf, startLife } from './support/customer-app.ts'
import { gateAfterExchange, gateAtClaim } from './support/gate.ts'
import { heldRotation, LEASE_AND_MORE, storedRows } from './support/held-rotation.ts'
import { PATIENCE } from './support/patience.ts'
import { rotateClaims } from './support/rotate-claims.ts'
import { stalledClaim } from './support/stalled-claim.ts'
import { tickOf } from './support/ticks.ts'

test('twenty workers and one due add-on make one rotation and one push', async () => {
  const life = await startLife()
  life.clock.advance(14 * DAY)
  const others = await Promise.all([life.anotherProcess(), life.anotherProcess(), life.anotherProcess()])
  const workers = Array.from({ length: 20 }, (_, index) => tickOf(others[index % 3] ?? life.deps))
  const tallies = await Promise.all(workers)
  expect(tallies.reduce((sum, tally) => sum + (tally?.promoted ?? 0), 0)).toBe(1)
  expect(life.pushed()).toHaveLength(1)
  expect(await life.rotations()).toMatchObject([{ reason: 'scheduled', end: 'rotated' }])
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
  expect(await click()).toMatchObject({ outcome: 'requested' })
})

test('ten revokes at once make one revoke', async () => {
  const life = await startLife()
  const answers = await Promise.all(
    Array.from({ length: 10 }, () => revokeKeys(life.deps, { resourceId: life.id, actor: ACTOR })),
  )
  expect(answers.filter(({ outcome }) => outcome === 'requested')).toHaveLength(1)
  await life.tick()
  expect(life.pushed()).toHaveLength(1)
  expect(await life.rotations()).toMatchObject([{ reason: 'revoke', end: 'rotated' }])
})

test('a worker that slept through its lease after its push writes nothing; the one that took over did', async () => {
  const life = await heldRotation('after')
  life.clock.advance(LEASE_AND_MORE)
  expect(await life.tick()).toMatchObject({ promoted: 1 })
  const after = await storedRows(life)

  expect(await life.finish()).toMatchObject({ promoted: 0, 'given-back': 1 })
  expect(await storedRows(life)).toEqual(after)
  expect(life.pushed()).toHaveLength(1)
})

test('a worker that slept through its lease does not promote while the one that took over still tries', async () => {
  const life = await heldRotation('after')
  life.clock.advance(LEASE_AND_MORE)
  life.heroku.faults.add({ match: { method: 'GET', addon: life.id }, kind: 'status', status: 503 })
  expect(await life.tick()).toMatchObject({ promoted: 0, failed: 1 })
  const after = await storedRows(life)

  expect(await life.finish()).toMatchObject({ promoted: 0, 'given-back': 1 })
  expect(await storedRows(life)).toEqual(after)
  life.clock.advance(MINUTE)
  expect(await life.tick()).toMatchObject({ promoted: 1 })
  expect(life.pushed()).toHaveLength(1)
})

test('a worker that slept through its lease while it made a key stores no key', async () => {
  const life = await startLife()
  life.clock.advance(14 * DAY)
  const gate = gateAtClaim(await life.anotherProcess())
  const ticking = tickOf(gate.deps)
  await gate.reached
  // It looks for more at once; time passes only when that look has left.
  for (let reads = 0; reads < 20; reads += 1) await life.state()
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
  const life = await startLife({ callTimeoutMs: 1_000 })
  life.clock.advance(14 * DAY)
  const fault = { match: { method: 'PATCH', addon: life.id }, kind: 'hang' } as const
  life.heroku.faults.add(fault)
  const ticking = tickOf(await life.anotherProcess())
  await expect.poll(() => life.pushed().length, PATIENCE).toBe(1)
  life.clock.advance(LEASE_AND_MORE)
  expect(await life.tick()).toMatchObject({ promoted: 1 })
  const after = await storedRows(life)
  await ticking
  expect(await storedRows(life)).toEqual(after)
})

test('a claim of an add-on that has changed since it was found due is no claim, so nobody has a state with other keys', async () => {
  const life = await startLife()
  life.clock.advance(14 * DAY)
  const stalled = await stalledClaim(life)
  expect(await life.tick()).toMatchObject({ promoted: 1 })
  await requestRotation(life.deps, { resourceId: life.id, actor: ACTOR, evenIfTooSoon: true })
  expect(await stalled.finish()).toEqual([])

  expect(await life.tick()).toMatchObject({ promoted: 1 })
  expect(await life.rotations()).toMatchObject([{ version: 3 }, { reason: 'manual', version: 4 }])
  expect(life.pushed()).toHaveLength(2)
})

test('a worker that has too little of its lease left for a call makes none, and the next claim pushes its key', async () => {
  const life = await startLife()
  life.clock.advance(14 * DAY)
  const gate = gateAtClaim(await life.anotherProcess())
  const ticking = tickOf(gate.deps)
  await gate.reached
  // It looks for more at once; time passes only when that look has left.
  for (let reads = 0; reads < 20; reads += 1) await life.state()
  life.clock.advance(70 * SECOND)
  gate.open()
  expect(await ticking).toMatchObject({ 'given-back': 1, failed: 0 })
  expect(life.heroku.view.apiCalls().filter(({ addonId }) => addonId === life.id)).toHaveLength(1)
  expect(await life.state()).toMatchObject({ attempts: 0, claimedUntil: null, keyset: { pending: 3 } })

  expect(await life.tick()).toMatchObject({ promoted: 1 })
  expect(await life.rotations()).toMatchObject([{ end: 'rotated', version: 3 }])
})

test('a call that the end of the lease cuts off costs no attempt, and the next claim goes on with the same key', async () => {
  const life = await startLife({ callTimeoutMs: 60_000 })
  life.clock.advance(14 * DAY)
  life.heroku.faults.add({ match: { method: 'PATCH', addon: life.id }, kind: 'hang', apply: true })
  const leaseEnds = new AbortController()
  const rotating = rotateClaims(life.deps, { callSignal: leaseEnds.signal })
  await expect.poll(() => life.pushed().length, PATIENCE).toBe(1)
  leaseEnds.abort()
  expect(await rotating).toEqual(['given-back'])
  expect(await life.state()).toMatchObject({ attempts: 0, failures: [], claimedUntil: null })
  expect(await life.tick()).toMatchObject({ promoted: 1 })
  expect(life.pushed()).toHaveLength(1)
})

test('four workers and forty due add-ons make one rotation and one push for each', async () => {
  const h = await startHarness()
  const lives = await Promise.all(Array.from({ length: 40 }, (_, number) => lifeOf(h, `service-${number}`)))
  h.clock.advance(14 * DAY)
  const processes = await Promise.all([h.anotherProcess(), h.anotherProcess(), h.anotherProcess()])
  const options = { concurrency: 20, claimLimit: 7, clockOffsetMs: async () => 0 }
  const workers = [h.deps, ...processes].map((deps) => createWorker(deps, options))
  const tallies = await Promise.all(workers.map((worker) => worker.tick()))
  expect(tallies.reduce((sum, tally) => sum + (tally?.promoted ?? 0), 0)).toBe(40)
  for (const life of lives) {
    expect(life.pushed()).toHaveLength(1)
    await checkBooks(life.deps, life.id)
  }
})

test('an exchange that slept while a newer code came in its place stores nothing, and the newer one waits on', async () => {
  const h = await startHarness()
  await h.heroku.customer.createApp('service-1')
  h.heroku.faults.add({ match: { method: 'POST' }, kind: 'status', status: 503 })
  const { id } = await h.heroku.customer.createAddon({ app: 'service-1', plan: 'fortnightly' })
  const grantOf = () => h.deps.db.selectFrom('oauth_grants').selectAll().executeTakeFirstOrThrow()
  const wakeAt = async () => (await grantOf()).wake_at?.getTime()
  await expect.poll(wakeAt, PATIENCE).toBe(h.clock.now().getTime() + 10 * SECOND)
  h.clock.advance(11 * SECOND)
  const gate = gateAfterExchange(await h.anotherProcess())
  const ticking = tickOf(gate.deps)
  await gate.reached
  const newer = { code: 'another code', expiresAt: new Date(h.clock.now().getTime() + 5 * MINUTE) }
  await provisionResource(h.deps, provisionRequest({ resourceId: id, grant: newer }))
  const waiting = await grantOf()
  gate.open()
  await ticking
  expect(await grantOf()).toEqual(waiting)
  expect(await h.deps.db.selectFrom('oauth_tokens').selectAll().execute()).toEqual([])
  expect(await kindsOf(h.deps, id)).toEqual(['provisioned', 'provision-repeated'])
})
