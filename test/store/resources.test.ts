import { describe, expect, test } from 'vitest'
import type { HistoryEvent } from '../../src/domain/history.ts'
import { ROTATION_ENDS } from '../../src/domain/history.ts'
import { openRotation, type ResourceState } from '../../src/domain/resource-state.ts'
import { listHistory, recordEvents } from '../../src/store/history.ts'
import { type StateWrite, writeStates } from '../../src/store/keysets.ts'
import { claimGrants, offerGrant } from '../../src/store/oauth-grants.ts'
import { saveTokens } from '../../src/store/oauth-tokens.ts'
import { shredResource } from '../../src/store/resource-ends.ts'
import { findResource, insertResources } from '../../src/store/resources.ts'
import { findKeys } from '../../src/store/sealed-keys.ts'
import { listUnfinished } from '../../src/store/unfinished.ts'
import { listWrappedDeks, replaceWrappedDek } from '../../src/store/wrapped-deks.ts'
import { uuid } from '../support/resource.ts'
import {
  inMs,
  NOW,
  newGrant,
  newKey,
  newResource,
  setNow,
  startStore,
  storedState,
  storeResource,
} from './support/start-store.ts'

const COUNTED = ['resources', 'sealed_keys', 'keysets', 'oauth_grants', 'history'] as const

describe('a resource', () => {
  test('is stored once by twelve at the same time, with the keys of the one that won', async () => {
    const { db } = await startStore({ connections: 12 })
    const attempts = Array.from({ length: 12 }, (_, index) => {
      const keys = [newKey(uuid(1), 2, { sealed: Buffer.from(`by ${index}`) })]
      return newResource(1, { keys, grant: newGrant('code') })
    })
    const results = await Promise.all(attempts.map((resource) => insertResources(db, [resource], NOW)))
    const winners = results.flatMap((ids, index) => (ids.has(uuid(1)) ? [index] : []))
    expect(winners).toHaveLength(1)
    const keys = await findKeys(db, uuid(1))
    expect(keys.map(({ sealed }) => sealed.toString())).toEqual([`by ${winners[0]}`])
    for (const table of COUNTED) {
      expect(await db.selectFrom(table).selectAll().execute()).toHaveLength(1)
    }
  })

  test('that cannot be stored whole is not stored at all', async () => {
    const { db } = await startStore()
    const { state } = newResource(1)
    const twiceCurrent = { ...state.keyset, second: { version: state.keyset.current, filler: true } as const }
    const broken = newResource(1, { state: { ...state, keyset: twiceCurrent }, grant: newGrant('code') })
    await expect(insertResources(db, [broken], NOW)).rejects.toMatchObject({
      constraint: 'keysets_versions',
    })
    for (const table of COUNTED) {
      expect(await db.selectFrom(table).selectAll().execute()).toEqual([])
    }
  })

  test('that exists already hinders no other of its group', async () => {
    const { db } = await startStore()
    await storeResource(db, 2)
    const group = [1, 2, 3].map((number) => newResource(number))
    expect(await insertResources(db, group, NOW)).toEqual(new Set([uuid(1), uuid(3)]))
    expect(await db.selectFrom('keysets').selectAll().execute()).toHaveLength(3)
  })

  test('is read as it was stored', async () => {
    const { db } = await startStore()
    const grace = { until: 'elapsed', ms: 48 * 3_600_000 } as const
    await storeResource(db, 1, {
      region: 'amazon-web-services::us-east-1',
      options: { grace, announcesNext: false, windows: [], logsNotices: false, tokenLifeMs: null },
    })
    expect(await findResource(db, uuid(1))).toEqual({
      id: uuid(1),
      state: 'provisioned',
      name: 'securekey-solid-1',
      plan: 'fortnightly',
      region: 'amazon-web-services::us-east-1',
      periodMs: 14 * 86_400_000,
      grace,
      dek: { kekId: 'k1', wrapped: Buffer.from('wrapped 1') },
      createdAt: NOW,
      address: { addonUuid: null, callbackPath: null, since: NOW },
      missingSince: null,
      handsOver: false,
      formerName: null,
      renamedAt: null,
    })
    expect(await findResource(db, uuid(2))).toBeUndefined()
  })
})

describe('a shredded resource', () => {
  test('keeps its row without any secret, and nothing of its keyset, keys, grant or tokens', async () => {
    const { db } = await startStore()
    await storeResource(db, 1, { grant: newGrant('code'), sealedLogInputUrl: Buffer.from('sealed url') })
    const tokens = {
      resourceId: uuid(1),
      sealedAccessToken: Buffer.from('sealed'),
      accessExpiresAt: NOW,
      sealedRefreshToken: null,
    }
    await db.transaction().execute((trx) => saveTokens(trx, [tokens]))
    await db.transaction().execute((trx) => shredResource(trx, uuid(1), NOW))
    const row = await db.selectFrom('resources').selectAll().executeTakeFirstOrThrow()
    expect(row).toMatchObject({
      state: 'deprovisioned',
      kek_id: null,
      wrapped_dek: null,
      sealed_log_input_url: null,
      deprovisioned_at: NOW,
    })
    for (const table of ['keysets', 'sealed_keys', 'oauth_grants', 'oauth_tokens'] as const) {
      expect(await db.selectFrom(table).selectAll().execute()).toEqual([])
    }
  })

  test('takes no grant code from a provision request that is repeated late', async () => {
    const { db } = await startStore()
    await storeResource(db, 1)
    await db.transaction().execute((trx) => shredResource(trx, uuid(1), NOW))
    expect(await offerGrant(db, uuid(1), newGrant('late'))).toBeUndefined()
    expect(await db.selectFrom('oauth_grants').selectAll().execute()).toEqual([])
    setNow(db, inMs(60_000))
    expect(await claimGrants(db, { leaseMs: 60_000, limit: 10 })).toEqual([])
  })
})

describe('a wrapped data key', () => {
  const wrapped = (text: string) => ({ kekId: 'k1', wrapped: Buffer.from(text) })

  test('is exchanged only for the one that was read', async () => {
    const { db } = await startStore()
    await storeResource(db, 1)
    const fresh = { kekId: 'k2', wrapped: Buffer.from('fresh') }
    const first = { resourceId: uuid(1), column: 'wrapped_dek' } as const
    expect(await replaceWrappedDek(db, first, wrapped('another'), fresh)).toBe(false)
    expect(await replaceWrappedDek(db, first, wrapped('wrapped 1'), fresh)).toBe(true)
    expect((await findResource(db, uuid(1)))?.dek).toEqual(fresh)
  })

  test('is listed in the order of ids, batch by batch, without deprovisioned resources', async () => {
    const { db } = await startStore()
    for (const number of [3, 1, 4, 2]) await storeResource(db, number)
    await db.transaction().execute((trx) => shredResource(trx, uuid(2), NOW))
    const first = await listWrappedDeks(db, { limit: 2 })
    expect(first).toEqual([
      { resourceId: uuid(1), dek: wrapped('wrapped 1') },
      { resourceId: uuid(3), dek: wrapped('wrapped 3') },
    ])
    const second = await listWrappedDeks(db, { limit: 2, after: uuid(3) })
    expect(second).toEqual([{ resourceId: uuid(4), dek: wrapped('wrapped 4') }])
  })
})

describe('an intent to rotate', () => {
  const opened = (state: ResourceState, dueAt = NOW) =>
    openRotation(state, { reason: 'scheduled', dueAt, openedBy: { type: 'worker' } }, NOW)

  test('is written down once by ten at the same time', async () => {
    const { db } = await startStore({ connections: 10 })
    await storeResource(db, 1)
    const stored = await storedState(db, uuid(1))
    const results = await Promise.all(
      Array.from({ length: 10 }, (_, index) => {
        const to = opened(stored.state, inMs(index))
        const write = { ...stored, to, by: 'change', events: 1 } as const
        return db.transaction().execute((trx) => writeStates(trx, [write]))
      }),
    )
    expect(results.filter((written) => written.has(uuid(1)))).toHaveLength(1)
    const winner = results.findIndex((written) => written.has(uuid(1)))
    expect((await storedState(db, uuid(1))).state.rotation?.dueAt).toEqual(inMs(winner))
  })

  test('that is refused hinders no other of its group', async () => {
    const { db } = await startStore()
    for (const number of [1, 2, 3]) await storeResource(db, number)
    const stored = await Promise.all([1, 2, 3].map((number) => storedState(db, uuid(number))))
    const writes = stored.map((each): StateWrite => {
      return { ...each, to: opened(each.state), by: 'change', events: 0 }
    })
    await db.transaction().execute((trx) => writeStates(trx, writes.slice(1, 2)))
    const written = await db.transaction().execute((trx) => writeStates(trx, writes))
    expect(new Set(written.keys())).toEqual(new Set([uuid(1), uuid(3)]))
  })

  test('is listed until its end, the oldest due date first, and the stuck ones alone when they are asked for', async () => {
    const { db } = await startStore()
    for (const number of [1, 2, 3]) await storeResource(db, number)
    for (const [number, dueAt, stuckSince] of [
      [1, inMs(9), null],
      [2, inMs(-9), NOW],
    ] as const) {
      const stored = await storedState(db, uuid(number))
      const { rotation, ...rest } = opened(stored.state, dueAt)
      const to = { ...rest, rotation: rotation && { ...rotation, stuckSince } }
      const write = { ...stored, to, by: 'change', events: 0 } as const
      await db.transaction().execute((trx) => writeStates(trx, [write]))
    }
    const idsOf = async (filter: { limit: number; stuck?: boolean }) =>
      (await listUnfinished(db, filter)).map(({ resourceId }) => resourceId)
    expect(await idsOf({ limit: 10 })).toEqual([uuid(2), uuid(1)])
    expect(await idsOf({ limit: 1 })).toEqual([uuid(2)])
    expect(await idsOf({ limit: 10, stuck: true })).toEqual([uuid(2)])
  })

  test('is listed after its end newest first, page by page', async () => {
    const { db } = await startStore()
    await storeResource(db, 1)
    const rotated = (days: number): HistoryEvent => ({
      at: NOW,
      kind: 'rotated',
      actor: { type: 'worker' },
      rotation: { reason: 'scheduled', dueAt: inMs(days * 86_400_000), openedAt: NOW },
    })
    const between: HistoryEvent = { at: NOW, kind: 'filler-published', actor: { type: 'worker' } }
    const events = [rotated(0), between, rotated(14), rotated(28)]
    await db.transaction().execute((trx) => recordEvents(trx, [{ resourceId: uuid(1), events }]))
    const page = { limit: 2, kinds: ROTATION_ENDS }
    const first = await listHistory(db, uuid(1), page)
    const second = await listHistory(db, uuid(1), { ...page, before: first.at(-1)?.seq ?? 0 })
    expect([...first, ...second].map(({ rotation }) => rotation?.dueAt)).toEqual([
      inMs(28 * 86_400_000),
      inMs(14 * 86_400_000),
      NOW,
    ])
  })
})
