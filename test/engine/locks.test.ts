import { sql } from 'kysely'
import { expect, test } from 'vitest'
import type { HistoryEvent } from '../../src/domain/history.ts'
import { createChangeWriter } from '../../src/flows/change-writer.ts'
import { deprovision } from '../../src/flows/provisioning/deprovision.ts'
import { provision } from '../../src/flows/provisioning/provision.ts'
import { recordEvents } from '../../src/store/history.ts'
import { findState, lockState } from '../../src/store/keysets.ts'
import { claimGrants, finishGrants } from '../../src/store/oauth-grants.ts'
import { replaceTokens, saveTokens } from '../../src/store/oauth-tokens.ts'
import { insertResources, type NewResource } from '../../src/store/resources.ts'
import { type Harness, MINUTE, startHarness } from '../support/harness.ts'
import { provisionRequest, provisionResource, uuid } from '../support/resource.ts'
import { holdKeyset, unlockedOf, untilSomeWait } from './support/locks.ts'

const FIRST = uuid(1)
const SECOND = uuid(2)
const THIRD = uuid(3)
/** In the table they stand the other way round, and in that order an update alone would walk. */
const AS_THEY_STAND = [THIRD, SECOND, FIRST]

const TOKENS = {
  sealedAccessToken: Buffer.from('access'),
  sealedRefreshToken: null,
  accessExpiresAt: new Date('2026-03-04T00:00:00Z'),
}

/** Three add-ons whose grants wait for their exchange. */
async function startThree(): Promise<Harness> {
  const h = await startHarness()
  const grant = { code: 'c0de', expiresAt: new Date(h.clock.now().getTime() + 5 * MINUTE) }
  for (const resourceId of AS_THEY_STAND) {
    await provisionResource(h.deps, provisionRequest({ resourceId, grant }))
  }
  return h
}

function eventAt(at: Date): HistoryEvent {
  return { at, kind: 'grant-exchanged', actor: { type: 'worker' } }
}

/** The ends of their exchanges, ready to be written. */
async function grantEnds(h: Harness) {
  h.clock.advance(MINUTE)
  const now = h.clock.now()
  const grants = await claimGrants(h.deps.db, { leaseMs: MINUTE, limit: 100 })
  expect(grants).toHaveLength(3)
  return grants.map((grant) => ({ ...grant, tokens: TOKENS, event: eventAt(now) }))
}

/** What is written for a group, made ready. */
const WRITERS: [string, (h: Harness) => Promise<() => Promise<unknown>>][] = [
  [
    'events',
    async ({ deps: { db }, clock }) => {
      const events = [eventAt(clock.now())]
      const happened = AS_THEY_STAND.map((resourceId) => ({ resourceId, events }))
      return () => db.transaction().execute((trx) => recordEvents(trx, happened))
    },
  ],
  [
    'ends of grant exchanges',
    async (h) => {
      const ends = await grantEnds(h)
      return () => h.deps.db.transaction().execute((trx) => finishGrants(trx, ends))
    },
  ],
]

test.each(WRITERS)(
  '%s of a group lock one add-on after the other, in an order that all share: no two groups block each other',
  async (_, prepare) => {
    const h = await startThree()
    const { db } = h.deps
    const write = await prepare(h)
    const held = await holdKeyset(db, FIRST)
    const writing = write()
    await untilSomeWait(db)
    expect(await unlockedOf(db, 'keysets', [SECOND, THIRD])).toEqual([SECOND, THIRD])
    expect(await unlockedOf(db, 'oauth_grants', AS_THEY_STAND)).toEqual([FIRST, SECOND, THIRD])
    held.release()
    await writing
  },
)

test('a group of changes and somebody else who wait for each other: Postgres ends the group, and it is written again', async () => {
  const h = await startThree()
  const { db } = h.deps
  const stored = await Promise.all([FIRST, SECOND].map((id) => findState(db, id)))
  const held = Promise.withResolvers<void>()
  const groupWaits = Promise.withResolvers<void>()
  const other = db.transaction().execute(async (trx) => {
    // It never looks whether it is part of a deadlock, so it is the group that finds out and is ended.
    await sql`set local deadlock_timeout = '1h'`.execute(trx)
    await lockState(trx, SECOND)
    held.resolve()
    await groupWaits.promise
    await lockState(trx, FIRST)
  })
  await held.promise
  const write = createChangeWriter(h.deps, 0)
  const writing = stored.map((each) => {
    if (!each) throw new Error('it is there')
    return write({ ...each, to: { ...each.state, attempts: 1 }, by: 'claim', events: [] })
  })
  await untilSomeWait(db)
  groupWaits.resolve()
  await other
  expect(await Promise.all(writing)).toEqual([true, true])
  expect((await findState(db, FIRST))?.state.attempts).toBe(1)
})

test('a deprovision while the exchange of a whole group ends blocks nobody, and costs no other its tokens', async () => {
  const h = await startThree()
  const { db } = h.deps
  const ends = await grantEnds(h)
  const held = await holdKeyset(db, FIRST)
  const finishing = db.transaction().execute((trx) => finishGrants(trx, ends))
  await untilSomeWait(db)
  await deprovision(h.deps, { resourceId: SECOND })
  held.release()
  expect([...(await finishing)].sort()).toEqual([FIRST, THIRD])
})

test('fresh access tokens are stored behind the lock of their add-on, so a deprovision never blocks on them', async () => {
  const h = await startThree()
  const { db } = h.deps
  await db.transaction().execute((trx) => saveTokens(trx, [{ ...TOKENS, resourceId: FIRST }]))
  const held = await holdKeyset(db, FIRST)
  const storing = db.transaction().execute((trx) => replaceTokens(trx, FIRST, { ...TOKENS, generation: 2 }))
  await untilSomeWait(db)
  expect(await unlockedOf(db, 'oauth_tokens', [FIRST])).toEqual([FIRST])
  held.release()
  expect(await storing).toBe(true)
})

test('a group of new add-ons waits for one that somebody else is just storing with none of its own stored yet', async () => {
  const h = await startHarness()
  const { db } = h.deps
  const [first, second] = [await newResource(h, FIRST), await newResource(h, SECOND)]
  const inserted = Promise.withResolvers<void>()
  const committed = Promise.withResolvers<void>()
  const other = db.transaction().execute(async (trx) => {
    await insertResources(trx, [first], h.clock.now())
    inserted.resolve()
    await committed.promise
  })
  await inserted.promise
  const group = insertResources(db, [second, first], h.clock.now())
  await untilSomeWait(db)
  expect(await insertResources(db, [await newResource(h, SECOND)], h.clock.now())).toEqual(new Set([SECOND]))
  committed.resolve()
  await other
  expect(await group).toEqual(new Set())
})

/** What a provision request stores. */
async function newResource(h: Harness, resourceId: string): Promise<NewResource> {
  const made: NewResource[] = []
  const keep = async (resource: NewResource) => made.push(resource) > 0
  await provision(h.deps, keep, provisionRequest({ resourceId }))
  const [resource] = made
  if (!resource) throw new Error('nothing was to be stored')
  return resource
}
