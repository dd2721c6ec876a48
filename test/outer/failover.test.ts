import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import {
  asStored,
  configCalls,
  endLease,
  heldBy,
  keysIn,
  kindsOf,
  makeDue,
  newAddon,
  PATIENCE,
  pushedTo,
} from './support/addon-of-environment.ts'
import { type FailoverPair, migratedFiles, startFailoverPair } from './support/failover-pair.ts'
import type { Files } from './support/postgres-cluster.ts'
import { POSTGRES } from './support/postgres-programs.ts'
import { isMissing } from './support/toolchain.ts'

const TEST_LIMIT_MS = 240_000
/** Long before the lease of what was under way is over, or a statement that nobody answers is given up. */
const WEB_BACK_WITHIN_MS = 15_000
const ROTATES_WITHIN_MS = 45_000

let pattern: Files
const start = (synchronous: boolean) => startFailoverPair(pattern, { synchronous }, onTestFinished)

const isReady = async (pair: FailoverPair) => (await pair.web.readiness()).status
const epochOf = async (pair: FailoverPair) =>
  (await pair.query<{ epoch: number }>('select epoch from installation'))[0]?.epoch
const hits = (pair: FailoverPair) => pair.heroku.faults.list().reduce((sum, { hits }) => sum + hits, 0)

/** Both sides have the same pair, made by one rotation of one key that was sent once. */
async function expectOneRotation(pair: FailoverPair, id: string, before: { first: string }) {
  expect(heldBy(pair.heroku, id).second).toBe(before.first)
  expect(await keysIn(pair, id)).toEqual(asStored(pair.heroku, id))
  expect(pushedTo(pair.heroku, id)).toHaveLength(1)
  expect((await kindsOf(pair, id)).filter((kind) => kind === 'rotated')).toHaveLength(1)
}

const rotated = (pair: FailoverPair, id: string, before: { first: string }) => async () =>
  heldBy(pair.heroku, id).second === before.first && (await keysIn(pair, id))?.pending === null

describe.skipIf(isMissing(POSTGRES))('a failover', { timeout: TEST_LIMIT_MS }, () => {
  beforeAll(async () => {
    pattern = await migratedFiles()
  })
  afterAll(() => pattern?.remove())

  test('to a synchronous standby, in the middle of a push, loses nothing and pushes nothing twice', async () => {
    const pair = await start(true)
    const inFlight = await newAddon(pair.heroku, pair, 'service-1')
    const next = await newAddon(pair.heroku, pair, 'service-2')
    const before = [heldBy(pair.heroku, inFlight.id), heldBy(pair.heroku, next.id)] as const
    // Heroku has taken the pair, and the answer comes when there is no database to write it to.
    pair.heroku.faults.add({ match: { method: 'PATCH' }, kind: 'latency', ms: 1_000 })
    await makeDue(pair, inFlight.id)
    await expect.poll(() => hits(pair), PATIENCE).toBe(1)
    await pair.primary.kill()
    await pair.worker.printed(/rotation interrupted/)
    expect((await pair.web.readiness()).status).toBe(503)

    const switchedAt = await pair.switchOver()
    await expect.poll(() => isReady(pair), PATIENCE).toBe(200)
    expect(performance.now() - switchedAt).toBeLessThan(WEB_BACK_WITHIN_MS)
    await makeDue(pair, next.id)
    await expect.poll(rotated(pair, next.id, before[1]), PATIENCE).toBe(true)
    expect(performance.now() - switchedAt).toBeLessThan(ROTATES_WITHIN_MS)
    await expectOneRotation(pair, next.id, before[1])
    expect(await epochOf(pair)).toBeGreaterThan(1)

    expect(await keysIn(pair, inFlight.id)).toMatchObject({ pending: 3 })
    await endLease(pair, inFlight.id)
    await expect.poll(rotated(pair, inFlight.id, before[0]), PATIENCE).toBe(true)
    await expectOneRotation(pair, inFlight.id, before[0])
    // The one that was in doubt was read, and so was the other, in the new epoch.
    for (const { id } of [inFlight, next]) expect(configCalls(pair.heroku, id, 'GET')).toHaveLength(1)
  })

  test('that leaves the old primary frozen with its sockets open ends in rotations all the same', async () => {
    const pair = await start(true)
    const addon = await newAddon(pair.heroku, pair, 'service-1')
    const before = heldBy(pair.heroku, addon.id)
    pair.primary.freeze()
    await pair.switchOver()
    await makeDue(pair, addon.id)
    await expect.poll(rotated(pair, addon.id, before), { ...PATIENCE, timeout: 40_000 }).toBe(true)
    await expectOneRotation(pair, addon.id, before)
    await expect.poll(() => isReady(pair), { ...PATIENCE, timeout: 40_000 }).toBe(200)
  })

  test('that loses a rotation which Heroku has got takes it over from Heroku and pushes nothing older', async () => {
    const pair = await start(false)
    const addon = await newAddon(pair.heroku, pair, 'service-1')
    await pair.cutStandbyOff()
    await makeDue(pair, addon.id)
    await expect.poll(() => kindsOf(pair, addon.id), PATIENCE).toContain('rotated')
    const held = heldBy(pair.heroku, addon.id)
    await pair.primary.kill()
    await pair.switchOver()
    expect(await kindsOf(pair, addon.id)).not.toContain('rotated')
    await makeDue(pair, addon.id)
    await expect.poll(() => kindsOf(pair, addon.id), PATIENCE).toContain('config-adopted')
    expect(heldBy(pair.heroku, addon.id)).toEqual(held)
    expect(await keysIn(pair, addon.id)).toEqual(asStored(pair.heroku, addon.id))
    expect(pushedTo(pair.heroku, addon.id)).toHaveLength(1)
    expect(await epochOf(pair)).toBeGreaterThan(1)
  })

  test('that loses a key between its claim and its push leaves no keyset that points at it', async () => {
    const pair = await start(false)
    const addon = await newAddon(pair.heroku, pair, 'service-1')
    // Read first, so that there is a moment between the claim, which the standby gets, and the new key, which it does not.
    await pair.query('update keysets set doubtful = true')
    const slow = { kind: 'latency', ms: 2_000 } as const
    pair.heroku.faults.add({ match: { method: 'GET', path: '/config' }, ...slow })
    pair.heroku.faults.add({ match: { method: 'PATCH' }, ...slow })
    await makeDue(pair, addon.id)
    await expect.poll(() => hits(pair), PATIENCE).toBe(1)
    await pair.cutStandbyOff()
    await expect.poll(() => hits(pair), PATIENCE).toBe(2)
    const held = heldBy(pair.heroku, addon.id)
    await pair.primary.kill()
    await pair.switchOver()
    // The answer finds a claim that is its own, in a database that has never heard of the key.
    await expect.poll(() => isReady(pair), PATIENCE).toBe(200)
    await pair.worker.printed(/"tick finished"/)
    await endLease(pair, addon.id)
    await expect.poll(() => kindsOf(pair, addon.id), PATIENCE).toContain('config-adopted')
    expect(heldBy(pair.heroku, addon.id)).toEqual(held)
    expect(await keysIn(pair, addon.id)).toEqual(asStored(pair.heroku, addon.id))
    expect(pushedTo(pair.heroku, addon.id)).toHaveLength(1)
  })
})
