import { CompiledQuery, Kysely, PostgresDialect, sql } from 'kysely'
import pg from 'pg'
import { describe, expect, onTestFinished, test } from 'vitest'
import {
  type ClaimedResource,
  loadClaimedResources,
  lockClaimedResources,
} from '../../src/store/claimed-resources.ts'
import type { Db } from '../../src/store/database.ts'
import { eraseKeysOf } from '../../src/store/key-versions.ts'
import { openRotations } from '../../src/store/rotations.ts'
import {
  type Claim,
  claimDue,
  findSchedule,
  lockForChange,
  releaseClaims,
  setDates,
  settleClaims,
  setWakeAt,
  takeFromWorker,
  wakeNow,
} from '../../src/store/schedule.ts'
import type { Schema } from '../../src/store/schema.ts'
import { uuid } from '../support/resource.ts'
import { inMs, NOW, startStore, storeManyResources, storeResource } from './support/start-store.ts'

const LEASE_UNTIL = inMs(90_000)
const AFTER_LEASE = inMs(90_001)

const claim = async (db: Db, limit: number, now = NOW) =>
  (await claimDue(db, { now, leaseUntil: new Date(now.getTime() + 90_000), limit })).claims

/** A resource that is due, its first claim, and the claim that took it over when the first lease had ended. */
async function startWithTakenOverClaim() {
  const { db } = await startStore()
  const id = await storeResource(db, 1, { nextRotationAt: NOW })
  const [late] = await claim(db, 1)
  const [holder] = await claim(db, 1, AFTER_LEASE)
  if (!late || !holder) throw new Error('the resource was not claimed twice')
  return { db, id, late, holder }
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
    expect(claimed.every(({ attempt }) => attempt === '1')).toBe(true)
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
      const held = await claim(trx, 1)
      const other = await claim(db, 10)
      expect([...held, ...other].map(({ resourceId }) => resourceId).toSorted()).toEqual([uuid(1), uuid(2)])
    })
  })

  test('is not given again before its lease ends, and to anybody from that moment on', async () => {
    const { db } = await startStore()
    await storeManyResources(db, 1, () => NOW)
    await claim(db, 1)
    expect(await claim(db, 1, inMs(89_999))).toEqual([])
    expect(await claim(db, 1, LEASE_UNTIL)).toEqual([{ resourceId: uuid(1), attempt: '2' }])
  })

  test('of nothing is nothing', async () => {
    const { db } = await startStore()
    expect(await claim(db, 10)).toEqual([])
    expect(await settleClaims(db, [], NOW)).toEqual(new Map())
    expect(await loadClaimedResources(db, [])).toEqual([])
  })

  test('among many resources walks the index of due moments, and neither sorts nor reads the table', async () => {
    const { db, url } = await startStore()
    await storeManyResources(db, 20_000, (number) => inMs(number <= 200 ? -number : number * 1_000))
    await sql`vacuum analyze schedule`.execute(db)
    const queries: CompiledQuery[] = []
    const pool = new pg.Pool({ connectionString: url, max: 1 })
    const watched = new Kysely<Schema>({
      dialect: new PostgresDialect({ pool }),
      log: ({ query }) => void queries.push(query),
    })
    onTestFinished(() => watched.destroy())
    await claim(watched, 50)
    const [query] = queries
    if (!query) throw new Error('the claim made no query')
    const { rows } = await watched.executeQuery<{ 'QUERY PLAN': string }>(
      CompiledQuery.raw(`explain ${query.sql}`, [...query.parameters]),
    )
    const plan = rows.map((row) => row['QUERY PLAN']).join('\n')
    expect(plan).toContain('Index Scan using schedule_wake_at')
    expect(plan).toContain('Tid Scan on schedule')
    expect(plan).not.toMatch(/Seq Scan|Sort/)
  })
})

describe('a claim that was taken over', () => {
  test('settles nothing', async () => {
    const { db, id, late } = await startWithTakenOverClaim()
    const before = await findSchedule(db, id)
    const settlement = {
      claim: late,
      wakeAt: inMs(1),
      failures: 7,
      nextRotationAt: inMs(2),
      checkAt: inMs(3),
    }
    expect(await settleClaims(db, [settlement], NOW)).toEqual(new Map())
    expect(await findSchedule(db, id)).toEqual(before)
  })

  test('gives nothing back', async () => {
    const { db, id, late } = await startWithTakenOverClaim()
    const before = await findSchedule(db, id)
    await releaseClaims(db, [late], NOW)
    expect(await findSchedule(db, id)).toEqual(before)
  })

  test('loads nothing, so that nothing is decided on its behalf', async () => {
    const { db, id, late, holder } = await startWithTakenOverClaim()
    expect(await loadClaimedResources(db, [late])).toEqual([])
    const loaded = await loadClaimedResources(db, [late, holder])
    expect(loaded.map((resource) => resource.claim)).toEqual([{ resourceId: id, attempt: '2' }])
  })

  test('does not hinder its successor', async () => {
    const { db, id, holder } = await startWithTakenOverClaim()
    const wakeAt = inMs(14 * 86_400_000)
    expect(await settleClaims(db, [{ claim: holder, wakeAt, failures: 0 }], AFTER_LEASE)).toEqual(
      new Map([[id, holder.attempt]]),
    )
    expect(await findSchedule(db, id)).toMatchObject({ wakeAt, claimedUntil: null, failures: 0 })
  })
})

describe('the end of a claim', () => {
  test('leaves the dates that are not given as they were', async () => {
    const { db } = await startStore()
    const id = await storeResource(db, 1, { nextRotationAt: NOW })
    const claims = await claim(db, 1)
    await settleClaims(
      db,
      claims.map((c) => ({ claim: c, wakeAt: inMs(1_000), failures: 3 })),
      NOW,
    )
    expect(await findSchedule(db, id)).toMatchObject({
      nextRotationAt: NOW,
      wakeAt: inMs(1_000),
      failures: 3,
      claimedUntil: null,
      checkAt: null,
      pause: null,
    })
  })

  test('by a success wakes the resource at once when a rotation was asked for meanwhile', async () => {
    const { db } = await startStore()
    const id = await storeResource(db, 1, { nextRotationAt: NOW })
    const claims = await claim(db, 1)
    const openedBy = { type: 'operator' } as const
    await openRotations(
      db,
      [{ resourceId: id, reason: 'manual', dueAt: NOW, openedBy, pendingVersion: null }],
      NOW,
    )
    await settleClaims(
      db,
      claims.map((c) => ({ claim: c, wakeAt: inMs(1_000), failures: 0 })),
      inMs(5),
    )
    expect(await findSchedule(db, id)).toMatchObject({ wakeAt: inMs(5) })
  })

  test('by a failure keeps the delay of the retry although a rotation is open', async () => {
    const { db } = await startStore()
    const id = await storeResource(db, 1, { nextRotationAt: NOW })
    const claims = await claim(db, 1)
    const openedBy = { type: 'worker' } as const
    await openRotations(
      db,
      [{ resourceId: id, reason: 'scheduled', dueAt: NOW, openedBy, pendingVersion: null }],
      NOW,
    )
    await settleClaims(
      db,
      claims.map((c) => ({ claim: c, wakeAt: inMs(30_000), failures: 1 })),
      NOW,
    )
    expect(await findSchedule(db, id)).toMatchObject({ wakeAt: inMs(30_000), failures: 1 })
  })

  test('with null leaves the resource to people: no claim ever gets it', async () => {
    const { db } = await startStore()
    const id = await storeResource(db, 1, { nextRotationAt: NOW })
    const claims = await claim(db, 1)
    await settleClaims(
      db,
      claims.map((c) => ({ claim: c, wakeAt: null, failures: 12 })),
      NOW,
    )
    expect(await claim(db, 1, inMs(365 * 86_400_000))).toEqual([])
    await wakeNow(db, id, NOW)
    expect(await claim(db, 1)).toHaveLength(1)
  })

  test('by giving it back keeps failures and dates, and leaves no lease', async () => {
    const { db } = await startStore()
    const id = await storeResource(db, 1, { nextRotationAt: NOW })
    await db.updateTable('schedule').set({ failures: 4 }).execute()
    await releaseClaims(db, await claim(db, 1), inMs(10))
    expect(await findSchedule(db, id)).toMatchObject({
      nextRotationAt: NOW,
      wakeAt: inMs(10),
      failures: 4,
      claimedUntil: null,
    })
  })

  test('of a group settles each resource by its own values', async () => {
    const { db } = await startStore()
    await storeManyResources(db, 3, () => NOW)
    const claims = await claim(db, 3)
    const numberOf = (c: Claim) => Number.parseInt(c.resourceId.slice(-4), 16)
    await settleClaims(
      db,
      claims.map((c) => ({ claim: c, wakeAt: inMs(numberOf(c) * 100), failures: numberOf(c) })),
      NOW,
    )
    for (const number of [1, 2, 3]) {
      expect(await findSchedule(db, uuid(number))).toMatchObject({
        wakeAt: inMs(number * 100),
        failures: number,
      })
    }
  })
})

describe('a change by somebody else', () => {
  test('does not disturb a worker within its lease, and wakes the resource once the lease is over', async () => {
    const { db } = await startStore()
    const id = await storeResource(db, 1, { nextRotationAt: NOW })
    await claim(db, 1)
    const held = await findSchedule(db, id)
    await wakeNow(db, id, inMs(1))
    await setWakeAt(db, id, inMs(2), inMs(1))
    expect(await findSchedule(db, id)).toEqual(held)

    await wakeNow(db, id, AFTER_LEASE)
    expect(await findSchedule(db, id)).toMatchObject({ wakeAt: AFTER_LEASE, failures: 0 })
  })

  test('may take the resource from its worker: whatever that one still writes is void', async () => {
    const { db } = await startStore()
    const id = await storeResource(db, 1, { nextRotationAt: NOW })
    const claims = await claim(db, 1)
    await takeFromWorker(db, id)
    expect(await loadClaimedResources(db, claims)).toEqual([])
    expect(await claim(db, 1, inMs(1))).toEqual([{ resourceId: id, attempt: '3' }])
  })

  test('writes a pause down and takes it away again', async () => {
    const { db } = await startStore()
    const id = await storeResource(db, 1)
    const pause = { at: NOW, until: inMs(1_000), reason: 'freeze' }
    await setDates(db, id, { nextRotationAt: inMs(2_000), pause })
    expect(await findSchedule(db, id)).toMatchObject({ nextRotationAt: inMs(2_000), pause })
    await setDates(db, id, { nextRotationAt: inMs(3_000), pause: null })
    expect(await findSchedule(db, id)).toMatchObject({ nextRotationAt: inMs(3_000), pause: null })
  })
})

describe('what a claim loads', () => {
  test('passes over resources that are stuck or deprovisioned', async () => {
    const { db } = await startStore()
    const stuck = await storeResource(db, 1, { nextRotationAt: NOW })
    const gone = await storeResource(db, 2, { nextRotationAt: NOW })
    const live = await storeResource(db, 3, { nextRotationAt: NOW })
    const claims = await claim(db, 3)
    const openedBy = { type: 'worker' } as const
    await openRotations(
      db,
      [{ resourceId: stuck, reason: 'manual', dueAt: NOW, openedBy, pendingVersion: null }],
      NOW,
    )
    await db.updateTable('rotations').set({ state: 'stuck' }).execute()
    await db
      .updateTable('resources')
      .set({ state: 'deprovisioned', wrapped_dek: null, deprovisioned_at: NOW })
      .where('id', '=', gone)
      .execute()
    const loaded = await loadClaimedResources(db, claims)
    expect(loaded.map((resource) => resource.claim.resourceId)).toEqual([live])
  })

  test('with a lock keeps everybody else from changing the resource until the transaction ends', async () => {
    const { db } = await startStore()
    await storeResource(db, 1, { nextRotationAt: NOW })
    const claims = await claim(db, 1)
    await db.transaction().execute(async (trx) => {
      await lockClaimedResources(trx, claims)
      const others = await sql`select from schedule for no key update skip locked`.execute(db)
      expect(others.rows).toEqual([])
    })
  })

  test('still holds under the lock as long as nobody has changed the resource, and is loaded anew when somebody has', async () => {
    const { db } = await startStore()
    const still = await storeResource(db, 1, { nextRotationAt: NOW })
    const changed = await storeResource(db, 2, { nextRotationAt: NOW })
    const claims = await claim(db, 2)
    const known = await loadClaimedResources(db, claims)
    await db.transaction().execute(async (trx) => {
      await lockForChange(trx, changed)
      await setDates(trx, changed, { nextRotationAt: inMs(5_000), pause: null })
    })
    const locked = await db.transaction().execute((trx) => lockClaimedResources(trx, claims, known))
    const find = (list: readonly ClaimedResource[], id: string) =>
      list.find(({ claim }) => claim.resourceId === id)
    expect(find(locked, still)).toBe(find(known, still))
    expect(find(locked, changed)?.situation.nextRotationAt).toEqual(inMs(5_000))
  })

  test('ends no claim that somebody changed or took over, when its revision is given', async () => {
    const { db } = await startStore()
    for (const number of [1, 2, 3]) await storeResource(db, number, { nextRotationAt: NOW })
    const claims = await claim(db, 3)
    const known = await loadClaimedResources(db, claims)
    await db.transaction().execute((trx) => lockForChange(trx, uuid(2)))
    await takeFromWorker(db, uuid(3))
    const settlements = known.map(({ claim, revision }) => ({
      claim,
      revision,
      wakeAt: inMs(7_000),
      failures: 0,
    }))
    expect(await settleClaims(db, settlements, NOW)).toEqual(new Map([[uuid(1), '1']]))
    expect((await findSchedule(db, uuid(1)))?.wakeAt).toEqual(inMs(7_000))
    expect((await findSchedule(db, uuid(2)))?.wakeAt).toEqual(LEASE_UNTIL)
  })

  test('names the claim that it ended, not only the resource: that of a late worker is not taken for it', async () => {
    const { db, id, late, holder } = await startWithTakenOverClaim()
    const settlements = [late, holder].map((claim) => ({ claim, wakeAt: inMs(1), failures: 0 }))
    expect(await settleClaims(db, settlements, AFTER_LEASE)).toEqual(new Map([[id, holder.attempt]]))
  })

  test('leaves out a resource whose keys are gone: it was deprovisioned while it was being loaded', async () => {
    const { db } = await startStore()
    for (const number of [1, 2]) await storeResource(db, number, { nextRotationAt: NOW })
    const claims = await claim(db, 2)
    await eraseKeysOf(db, uuid(1), NOW)
    const loaded = await loadClaimedResources(db, claims)
    expect(loaded.map((resource) => resource.claim.resourceId)).toEqual([uuid(2)])
  })
})

describe('giving a claim back until later', () => {
  test('puts the resource off, unless somebody has changed it since it was read', async () => {
    const { db } = await startStore()
    for (const number of [1, 2]) await storeResource(db, number, { nextRotationAt: NOW })
    const known = await loadClaimedResources(db, await claim(db, 2))
    await db.transaction().execute((trx) => lockForChange(trx, uuid(2)))
    const claims = known.map(({ claim, revision }) => ({ ...claim, revision }))
    await releaseClaims(db, claims, inMs(300_000), inMs(5))
    expect((await findSchedule(db, uuid(1)))?.wakeAt).toEqual(inMs(300_000))
    expect((await findSchedule(db, uuid(2)))?.wakeAt).toEqual(inMs(5))
  })
})

test('a resource that was taken from its worker is claimed before all that is overdue', async () => {
  const { db } = await startStore()
  await storeManyResources(db, 20, (number) => inMs(-number * 3_600_000))
  await takeFromWorker(db, uuid(1))
  expect(await claim(db, 1)).toEqual([{ resourceId: uuid(1), attempt: '2' }])
})
