import { CompiledQuery, Kysely, PostgresDialect, sql } from 'kysely'
import pg from 'pg'
import { describe, expect, onTestFinished, test } from 'vitest'
import { afterFailure, openRotation, type ResourceState, wokenAt } from '../../src/domain/resource-state.ts'
import { writeChanges } from '../../src/store/changes.ts'
import { claimResources } from '../../src/store/claimed-resources.ts'
import { releaseClaims } from '../../src/store/claims.ts'
import type { Db } from '../../src/store/database.ts'
import {
  type Claim,
  lockState,
  type StateWrite,
  type StoredState,
  writeStates,
} from '../../src/store/keysets.ts'
import { saveTokens } from '../../src/store/oauth-tokens.ts'
import { PreparingClient } from '../../src/store/preparing-client.ts'
import { shredResource } from '../../src/store/resource-ends.ts'
import { setMissingSince } from '../../src/store/resources.ts'
import type { Schema } from '../../src/store/schema.ts'
import { findKeysOf, insertKeys } from '../../src/store/sealed-keys.ts'
import { uuid } from '../support/resource.ts'
import {
  inMs,
  NOW,
  newGrant,
  newKey,
  setNow,
  startStore,
  storedState,
  storeManyResources,
  storeResource,
} from './support/start-store.ts'

const LEASE_UNTIL = inMs(90_000)
const AFTER_LEASE = inMs(90_001)
const YEAR_MS = 365 * 86_400_000

const LEASE_MS = 90_000

async function claim(db: Db, limit: number, now = NOW) {
  setNow(db, now)
  return (await claimResources(db, { leaseMs: LEASE_MS, limit })).resources
}

/** The claim alone, of a resource that was loaded with it. */
const numberOf = ({ resourceId }: Claim) => Number.parseInt(resourceId.slice(-4), 16)

/** Writes states in a transaction of its own and returns the resources that were written. */
async function write(db: Db, writes: readonly Omit<StateWrite, 'events'>[]): Promise<string[]> {
  const withoutEvents = writes.map((each) => ({ ...each, events: 0 }))
  const written = await db.transaction().execute((trx) => writeStates(trx, withoutEvents))
  return [...written.keys()].toSorted()
}

/** Changes a resource as somebody without a claim does. */
async function change(
  db: Db,
  resourceId: string,
  to: (state: ResourceState) => ResourceState,
  by: 'change' | 'takeover' = 'change',
): Promise<void> {
  const stored = await storedState(db, resourceId)
  await write(db, [{ ...stored, to: to(stored.state), by }])
}

/** The end of a claim whose holder found that state. */
const ended = ({ resourceId, fence, revision, state }: StoredState, more: Partial<ResourceState>) => {
  return {
    resourceId,
    fence,
    revision,
    state,
    to: { ...state, claimedUntil: null, ...more },
    by: 'claim',
  } as const
}

const manual = { reason: 'manual', dueAt: NOW, openedBy: { type: 'operator' } } as const
const failure = { at: NOW.toISOString(), kind: 'unavailable', detail: 'no answer' } as const

/** A resource that is due, its first claim, and the claim that took it over when the first lease had ended. */
async function startWithTakenOverClaim() {
  const { db } = await startStore()
  const id = await storeResource(db, 1, { nextRotationAt: NOW })
  const [late] = await claim(db, 1)
  const [holder] = await claim(db, 1, AFTER_LEASE)
  if (!late || !holder) throw new Error('the resource was not claimed twice')
  return { db, id, late, holder }
}

/** Resources 1 to `count`, all of them due and claimed, in the order of their numbers. */
async function startWithClaims(count: number) {
  const { db } = await startStore()
  for (let number = 1; number <= count; number += 1) await storeResource(db, number, { nextRotationAt: NOW })
  const held = (await claim(db, count)).toSorted((a, b) => numberOf(a) - numberOf(b))
  return { db, held }
}

async function startWithClaim() {
  const { db, held } = await startWithClaims(1)
  const [only] = held
  if (!only) throw new Error('the resource was not claimed')
  return { db, id: only.resourceId, held: only }
}

describe('a claim', () => {
  test('is given once: twenty connections at the same time get every due resource exactly once', async () => {
    const { db } = await startStore({ connections: 20 })
    await storeManyResources(db, 200, () => NOW)
    const claimed: Claim[] = []
    const worker = async () => {
      for (;;) {
        const claims = await claim(db, 7)
        if (claims.length === 0) return
        claimed.push(...claims)
      }
    }
    await Promise.all(Array.from({ length: 20 }, worker))
    expect(claimed.map(({ resourceId }) => resourceId).toSorted()).toEqual(
      Array.from({ length: 200 }, (_, index) => uuid(index + 1)),
    )
    expect(claimed.every(({ fence }) => BigInt(fence) > 0n)).toBe(true)
  })

  test('goes to the oldest due first', async () => {
    const { db } = await startStore()
    await storeManyResources(db, 30, (number) => inMs(-((number * 7) % 31) * 1_000))
    const order = []
    for (let round = 0; round < 6; round += 1) {
      order.push((await claim(db, 5)).map(({ resourceId }) => resourceId).toSorted())
    }
    const byAge = Array.from({ length: 30 }, (_, index) => index + 1).sort(
      (a, b) => ((b * 7) % 31) - ((a * 7) % 31),
    )
    const expected = Array.from({ length: 6 }, (_, round) =>
      byAge
        .slice(round * 5, round * 5 + 5)
        .map(uuid)
        .toSorted(),
    )
    expect(order).toEqual(expected)
  })

  test('is given from the due moment on, and not a millisecond earlier', async () => {
    const { db } = await startStore()
    await storeManyResources(db, 1, () => inMs(1))
    expect(await claim(db, 10)).toEqual([])
    expect(await claim(db, 10, inMs(1))).toHaveLength(1)
  })

  test('is never larger than asked for', async () => {
    const { db } = await startStore()
    await storeManyResources(db, 5, () => NOW)
    expect(await claim(db, 3)).toHaveLength(3)
  })

  test('waits for nobody: rows that another transaction holds are passed over', async () => {
    const { db } = await startStore()
    await storeManyResources(db, 2, () => NOW)
    await db.transaction().execute(async (trx) => {
      const { resources: held } = await claimResources(trx, { leaseMs: LEASE_MS, limit: 1 })
      const other = await claim(db, 10)
      expect([...held, ...other].map(({ resourceId }) => resourceId).toSorted()).toEqual([uuid(1), uuid(2)])
    })
  })

  test('is not given again before its lease ends, and to anybody from that moment on', async () => {
    const { db } = await startStore()
    await storeManyResources(db, 1, () => NOW)
    await claim(db, 1)
    expect(await claim(db, 1, inMs(89_999))).toEqual([])
    expect((await claim(db, 1, LEASE_UNTIL)).map(({ resourceId }) => resourceId)).toEqual([uuid(1)])
  })

  test('of nothing is nothing', async () => {
    const { db } = await startStore()
    const request = { leaseMs: LEASE_MS, limit: 10 }
    expect(await claimResources(db, request)).toEqual({
      resources: [],
      lastDueAt: undefined,
      claimedAt: undefined,
    })
    expect(await write(db, [])).toEqual([])
    expect(await db.transaction().execute((trx) => writeChanges(trx, [], NOW))).toEqual(new Set())
    await releaseClaims(db, [], NOW)
  })

  test('tells when the last of its resources had come due, and passes over what was due before a given moment', async () => {
    const { db } = await startStore()
    await storeManyResources(db, 4, (number) => inMs(-number * 1_000))
    const request = { leaseMs: LEASE_MS, limit: 2, from: inMs(-3_000) }
    const { resources, lastDueAt, claimedAt } = await claimResources(db, request)
    expect(resources.map(numberOf).toSorted()).toEqual([2, 3])
    expect(lastDueAt).toEqual(inMs(-2_000))
    expect(claimedAt).toEqual(NOW)
  })

  test('among many resources walks the index of due moments, and neither sorts nor reads the table', async () => {
    const { db, url } = await startStore()
    await storeManyResources(db, 20_000, (number) => inMs(number <= 200 ? -number : number * 1_000))
    await sql`vacuum analyze keysets, resources`.execute(db)
    const queries: CompiledQuery[] = []
    const pool = new pg.Pool({ Client: PreparingClient, connectionString: url, max: 1 })
    // The database may be dropped before the connection has closed.
    pool.on('error', () => {})
    const watched = new Kysely<Schema>({
      dialect: new PostgresDialect({ pool }),
      log: ({ query }) => void queries.push(query),
    })
    onTestFinished(() => watched.destroy())
    await claimResources(watched, { leaseMs: LEASE_MS, limit: 50 })
    const [query] = queries
    if (!query) throw new Error('the claim made no query')
    const { rows } = await watched.executeQuery<{ 'QUERY PLAN': string }>(
      CompiledQuery.raw(`explain ${query.sql}`, [...query.parameters]),
    )
    const all = rows.map((row) => row['QUERY PLAN']).join('\n')
    // The freezes for all, of which there are few, are read and sorted once for all rows.
    const plan = all.replace(/Sort .*\n *Sort Key: freezes_for_all\.from_at/, '')
    expect(plan).toContain('Index Scan using keysets_wake_at')
    expect(plan).toContain('Tid Scan on keysets')
    expect(plan).toContain('Index Scan using resources_pkey')
    expect(plan).not.toMatch(/Seq Scan on (keysets|resources)|Sort/)
  })
})

describe('a claim that was taken over', () => {
  test('settles nothing', async () => {
    const { db, id, late } = await startWithTakenOverClaim()
    const before = await storedState(db, id)
    const late1 = ended(late, { wakeAt: inMs(1), attempts: 7, nextRotationAt: inMs(2), checkAt: inMs(3) })
    expect(await write(db, [late1])).toEqual([])
    expect(await storedState(db, id)).toEqual(before)
  })

  test('gives nothing back', async () => {
    const { db, id, late } = await startWithTakenOverClaim()
    const before = await storedState(db, id)
    await releaseClaims(db, [late], NOW)
    expect(await storedState(db, id)).toEqual(before)
  })

  test('has a number that no other claim gets, also when the database falls back to the moment before it', async () => {
    const { db, id, held } = await startWithClaim()
    await sql`update keysets set fence = 0, wake_at = ${NOW}, claimed_until = null`.execute(db)
    const [again] = await claim(db, 1)
    expect(again?.resourceId).toBe(id)
    expect(BigInt(again?.fence ?? 0)).toBeGreaterThan(BigInt(held.fence))
    await change(db, id, (state) => state, 'takeover')
    expect(BigInt((await storedState(db, id)).fence)).toBeGreaterThan(BigInt(again?.fence ?? 0))
  })

  test('is told apart under the lock by its fence, so that nothing is decided on its behalf', async () => {
    const { db, id, late, holder } = await startWithTakenOverClaim()
    const present = await db.transaction().execute((trx) => lockState(trx, id))
    expect(BigInt(late.fence)).toBeLessThan(BigInt(holder.fence))
    expect(present?.fence).toBe(holder.fence)
  })

  test('does not hinder its successor', async () => {
    const { db, id, holder } = await startWithTakenOverClaim()
    const wakeAt = inMs(14 * 86_400_000)
    expect(await write(db, [ended(holder, { wakeAt, attempts: 0 })])).toEqual([id])
    expect((await storedState(db, id)).state).toMatchObject({ wakeAt, claimedUntil: null, attempts: 0 })
  })

  test('stores no key and writes no history row', async () => {
    const { db, id, late } = await startWithTakenOverClaim()
    const event = { at: NOW, kind: 'keys-erased', actor: { type: 'worker' } } as const
    const late1 = { ...ended(late, {}), keys: [newKey(id, 3)], erased: [1], events: [event] }
    await db.transaction().execute((trx) => writeChanges(trx, [late1], NOW))
    const keys = await db.selectFrom('sealed_keys').select('version').orderBy('version').execute()
    expect(keys.map(({ version }) => version)).toEqual([1, 2])
    const rows = await db.selectFrom('history').select('kind').execute()
    expect(rows).toEqual([{ kind: 'provisioned' }])
  })
})

describe('the end of a claim', () => {
  test('leaves what is not changed as it was', async () => {
    const { db, id, held } = await startWithClaim()
    await write(db, [ended(held, { wakeAt: inMs(1_000), attempts: 3 })])
    expect(await storedState(db, id)).toEqual({
      resourceId: id,
      fence: held.fence,
      revision: '0',
      state: { ...held.state, wakeAt: inMs(1_000), attempts: 3, claimedUntil: null },
    })
  })

  test('by a success wakes the resource at once when a rotation was asked for meanwhile', async () => {
    const { db, id, held } = await startWithClaim()
    await change(db, id, (state) => wokenAt(openRotation(state, manual, NOW), NOW, NOW))
    expect(await write(db, [ended(held, { wakeAt: inMs(1_000) })])).toEqual([])
    await releaseClaims(db, [held], inMs(1_000), inMs(5))
    expect((await storedState(db, id)).state).toMatchObject({
      wakeAt: inMs(5),
      claimedUntil: null,
      rotation: { reason: 'manual' },
    })
  })

  test('by a failure keeps the delay of the retry although a rotation is open', async () => {
    const { db, id, held } = await startWithClaim()
    const opened = openRotation(held.state, { ...manual, reason: 'scheduled' }, NOW)
    const to = afterFailure(opened, failure, { retryAt: inMs(30_000), stuck: false }, NOW)
    await write(db, [{ ...held, to, by: 'claim' }])
    expect((await storedState(db, id)).state).toMatchObject({
      wakeAt: inMs(30_000),
      attempts: 1,
      failures: [failure],
    })
    expect(await claim(db, 1, inMs(29_999))).toEqual([])
  })

  test('with null leaves the resource to people: no claim ever gets it', async () => {
    const { db, id, held } = await startWithClaim()
    await write(db, [ended(held, { wakeAt: null, attempts: 12 })])
    expect(await claim(db, 1, inMs(YEAR_MS))).toEqual([])
    await change(db, id, (state) => wokenAt(state, NOW, NOW))
    expect(await claim(db, 1)).toHaveLength(1)
  })

  test('by giving it back keeps attempts and dates, and leaves no lease', async () => {
    const { db } = await startStore()
    const id = await storeResource(db, 1, { nextRotationAt: NOW })
    await change(db, id, (state) => ({ ...state, attempts: 4, failures: [failure] }))
    const before = await storedState(db, id)
    await releaseClaims(db, await claim(db, 1), inMs(10))
    expect(await storedState(db, id)).toEqual({
      ...before,
      fence: expect.any(String),
      state: { ...before.state, wakeAt: inMs(10), claimedUntil: null },
    })
  })

  test('of a group settles each resource by its own values', async () => {
    const { db, held } = await startWithClaims(3)
    await write(
      db,
      held.map((each) => ended(each, { wakeAt: inMs(numberOf(each) * 100), attempts: numberOf(each) })),
    )
    for (const number of [1, 2, 3]) {
      expect((await storedState(db, uuid(number))).state).toMatchObject({
        wakeAt: inMs(number * 100),
        attempts: number,
      })
    }
  })
})

describe('a change by somebody else', () => {
  test('does not disturb a worker within its lease, and wakes the resource once the lease is over', async () => {
    const { db, id } = await startWithClaim()
    const held = await storedState(db, id)
    await change(db, id, (state) => wokenAt(state, inMs(1), inMs(1)))
    await change(db, id, (state) => wokenAt(state, inMs(2), inMs(1)))
    // Only its revision tells the worker of the change.
    expect(await storedState(db, id)).toEqual({ ...held, revision: '2' })

    await change(db, id, (state) => wokenAt(state, AFTER_LEASE, AFTER_LEASE))
    expect((await storedState(db, id)).state).toMatchObject({ wakeAt: AFTER_LEASE, attempts: 0 })
  })

  test('may take the resource from its worker: whatever that one still writes is void', async () => {
    const { db, id, held } = await startWithClaim()
    await change(db, id, (state) => ({ ...state, wakeAt: NOW, claimedUntil: null }), 'takeover')
    const taken = await storedState(db, id)
    expect(await write(db, [ended(held, { wakeAt: inMs(9) })])).toEqual([])
    await releaseClaims(db, [held], inMs(9))
    expect(await storedState(db, id)).toEqual(taken)
    const [next] = await claim(db, 1, inMs(1))
    expect(BigInt(next?.fence ?? 0)).toBeGreaterThan(BigInt(taken.fence))
  })

  test('writes a pause down and takes it away again', async () => {
    const { db } = await startStore()
    const id = await storeResource(db, 1)
    const pause = { at: NOW, until: inMs(1_000), reason: 'freeze' }
    await change(db, id, (state) => ({ ...state, nextRotationAt: inMs(2_000), pause }))
    expect((await storedState(db, id)).state).toMatchObject({ nextRotationAt: inMs(2_000), pause })
    await change(db, id, (state) => ({ ...state, nextRotationAt: inMs(3_000), pause: null }))
    expect((await storedState(db, id)).state).toMatchObject({ nextRotationAt: inMs(3_000), pause: null })
  })
})

describe('what a claim loads', () => {
  test('passes over resources that are stuck, until their next try, or deprovisioned', async () => {
    const { db, held } = await startWithClaims(3)
    const [stuck, gone, live] = held
    if (!stuck || !gone || !live) throw new Error('three were to be claimed')
    const to = afterFailure(
      openRotation(stuck.state, manual, NOW),
      failure,
      { retryAt: inMs(YEAR_MS), stuck: true },
      NOW,
    )
    await write(db, [{ ...stuck, to, by: 'claim' }])
    await db.transaction().execute((trx) => shredResource(trx, gone.resourceId, NOW))
    const loaded = await claim(db, 3, inMs(YEAR_MS - 1))
    expect(loaded.map(({ resourceId }) => resourceId)).toEqual([live.resourceId])
    const later = await claim(db, 3, inMs(YEAR_MS))
    expect(later.map(({ resourceId }) => resourceId)).toEqual([stuck.resourceId])
  })

  test('is the state, the key that signs, the access token, and what stands in the row of the resource', async () => {
    const { db } = await startStore()
    const id = uuid(1)
    const keys = [1, 2, 3, 4].map((version) => newKey(id, version))
    const grace = { until: 'elapsed', ms: 7_200_000 } as const
    await storeResource(db, 1, {
      nextRotationAt: NOW,
      options: { grace, announcesNext: false, windows: [], logsNotices: false, tokenLifeMs: null },
      keys,
    })
    await change(db, id, (state) => ({
      ...openRotation(state, { ...manual, reason: 'revoke' }, NOW),
      keyset: { ...state.keyset, pending: 3, pendingFiller: 4, revokedTo: 2 },
      lastVersion: 4,
    }))
    const tokens = {
      sealedAccessToken: Buffer.from('access'),
      accessExpiresAt: inMs(9),
      sealedRefreshToken: Buffer.from('refresh'),
    }
    await db.transaction().execute((trx) => saveTokens(trx, [{ ...tokens, resourceId: id }]))
    await setMissingSince(db, id, NOW)
    const { state } = await storedState(db, id)
    const [loaded] = await claim(db, 1)
    expect(loaded).toEqual({
      resourceId: id,
      fence: expect.any(String),
      revision: '1',
      state: { ...state, wakeAt: LEASE_UNTIL, claimedUntil: LEASE_UNTIL },
      name: 'securekey-solid-1',
      address: { addonUuid: null, callbackPath: null, since: NOW },
      grace,
      periodMs: 14 * 86_400_000,
      missing: true,
      dek: { kekId: 'k1', wrapped: Buffer.from('wrapped 1') },
      sealedCurrent: Buffer.from('sealed key 2'),
      token: { sealedAccessToken: Buffer.from('access'), accessExpiresAt: inMs(9), generation: 1 },
      behind: false,
      checkedIn: false,
      appsKnown: false,
      sharesApps: false,
      grantWaiting: false,
    })
  })

  test('says whether a grant is still to be exchanged, and only where there are no tokens', async () => {
    const { db } = await startStore()
    await storeResource(db, 1, { nextRotationAt: NOW, grant: newGrant('code') })
    await storeResource(db, 2, { nextRotationAt: NOW })
    const held = (await claim(db, 2)).toSorted((a, b) => numberOf(a) - numberOf(b))
    expect(held.map(({ grantWaiting, token }) => ({ grantWaiting, token }))).toEqual([
      { grantWaiting: true, token: null },
      { grantWaiting: false, token: null },
    ])
  })

  test('with a lock keeps everybody else from changing the resource until the transaction ends', async () => {
    const { db, id } = await startWithClaim()
    await db.transaction().execute(async (trx) => {
      await lockState(trx, id)
      const others = await sql`select from keysets for no key update skip locked`.execute(db)
      expect(others.rows).toEqual([])
    })
  })

  test('still holds as long as nobody has changed the resource, and is read anew under the lock when somebody has', async () => {
    const { db, held } = await startWithClaims(2)
    const [still, changed] = held
    if (!still || !changed) throw new Error('two were to be claimed')
    await change(db, changed.resourceId, (state) => ({ ...state, nextRotationAt: inMs(5_000) }))
    const writes = held.map((each) => ended(each, { wakeAt: inMs(7_000) }))
    expect(await write(db, writes)).toEqual([still.resourceId])
    const locked = await db.transaction().execute((trx) => lockState(trx, changed.resourceId))
    expect(locked).toMatchObject({ fence: changed.fence, state: { nextRotationAt: inMs(5_000) } })
  })

  test('ends no claim that somebody changed or took over', async () => {
    const { db, held } = await startWithClaims(3)
    await change(db, uuid(2), (state) => state)
    await change(db, uuid(3), (state) => state, 'takeover')
    expect(
      await write(
        db,
        held.map((each) => ended(each, { wakeAt: inMs(7_000) })),
      ),
    ).toEqual([uuid(1)])
    expect((await storedState(db, uuid(1))).state.wakeAt).toEqual(inMs(7_000))
    expect((await storedState(db, uuid(2))).state.wakeAt).toEqual(LEASE_UNTIL)
  })

  test('names the claim that it ended, not only the resource: that of a late worker is not taken for it', async () => {
    const { db, late, holder } = await startWithTakenOverClaim()
    const changes = [late, holder].map((each) => ({ ...ended(each, { wakeAt: inMs(1) }), events: [] }))
    const written = await db.transaction().execute((trx) => writeChanges(trx, changes, AFTER_LEASE))
    expect([...written].map(({ fence }) => fence)).toEqual([holder.fence])
  })

  test('leaves out a resource that is just being deprovisioned', async () => {
    const { db } = await startStore()
    for (const number of [1, 2]) await storeResource(db, number, { nextRotationAt: NOW })
    await db.transaction().execute(async (trx) => {
      await shredResource(trx, uuid(1), NOW)
      expect((await claim(db, 2)).map(numberOf)).toEqual([2])
    })
    expect((await claim(db, 2, AFTER_LEASE)).map(numberOf)).toEqual([2])
  })

  test('has no key where the one that signs is not stored, whatever else is', async () => {
    const { db } = await startStore()
    await storeResource(db, 1, { nextRotationAt: NOW })
    await db.transaction().execute((trx) => insertKeys(trx, [newKey(uuid(1), 9)], NOW))
    await db.deleteFrom('sealed_keys').where('version', '=', 2).execute()
    const [loaded] = await claim(db, 1)
    expect(loaded?.sealedCurrent).toBeNull()
  })
})

test('the keys that belong to a claim are read as long as nobody has changed, taken over or removed the resource', async () => {
  const { db, held } = await startWithClaims(4)
  await change(db, uuid(2), (state) => state)
  await change(db, uuid(3), (state) => state, 'takeover')
  await db.transaction().execute((trx) => shredResource(trx, uuid(4), NOW))
  const versions = held.map(async (each) => (await findKeysOf(db, each))?.map(({ version }) => version))
  expect(await Promise.all(versions)).toEqual([[2, 1], undefined, undefined, undefined])
  await db.deleteFrom('sealed_keys').execute()
  expect(await Promise.all(held.slice(0, 1).map((each) => findKeysOf(db, each)))).toEqual([[]])
})

describe('giving a claim back until later', () => {
  test('puts the resource off, unless somebody has changed it since it was read', async () => {
    const { db, held } = await startWithClaims(2)
    await change(db, uuid(2), (state) => state)
    await releaseClaims(db, held, inMs(300_000), inMs(5))
    expect((await storedState(db, uuid(1))).state.wakeAt).toEqual(inMs(300_000))
    expect((await storedState(db, uuid(2))).state.wakeAt).toEqual(inMs(5))
  })
})

test('a resource that was taken from its worker is claimed before all that is overdue', async () => {
  const { db } = await startStore()
  await storeManyResources(db, 20, (number) => inMs(-number * 3_600_000))
  await change(db, uuid(1), (state) => ({ ...state, wakeAt: new Date(0) }), 'takeover')
  expect((await claim(db, 1)).map(({ resourceId }) => resourceId)).toEqual([uuid(1)])
})
