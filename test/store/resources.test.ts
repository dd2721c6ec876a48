import { describe, expect, test } from 'vitest'
import { liveKeysOf } from '../../src/store/key-versions.ts'
import { claimGrants, offerGrant } from '../../src/store/oauth-grants.ts'
import { saveTokens } from '../../src/store/oauth-tokens.ts'
import {
  findResource,
  insertResource,
  listWrappedDeks,
  replaceWrappedDek,
  shredResource,
} from '../../src/store/resources.ts'
import { listRotations, openRotations } from '../../src/store/rotations.ts'
import { uuid } from '../support/resource.ts'
import { inMs, NOW, newGrant, newKey, newResource, startStore, storeResource } from './support/start-store.ts'

const COUNTED = ['resources', 'key_versions', 'schedule', 'oauth_grants', 'audit_events'] as const

describe('a resource', () => {
  test('is stored once by twelve at the same time, with the keys of the one that won', async () => {
    const { db } = await startStore({ connections: 12 })
    const attempts = Array.from({ length: 12 }, (_, index) => {
      const keys = [newKey(uuid(1), 2, { sealedKey: `by ${index}` })]
      return newResource(1, { keys, grant: newGrant('code') })
    })
    const results = await Promise.all(attempts.map((resource) => insertResource(db, resource, NOW)))
    expect(results.filter((inserted) => inserted)).toHaveLength(1)
    const keys = (await liveKeysOf(db, [uuid(1)])).get(uuid(1))
    expect(keys?.map(({ sealedKey }) => sealedKey)).toEqual([`by ${results.indexOf(true)}`])
    for (const table of COUNTED) {
      expect(await db.selectFrom(table).selectAll().execute()).toHaveLength(1)
    }
  })

  test('that cannot be stored whole is not stored at all', async () => {
    const { db } = await startStore()
    const twoCurrent = [newKey(uuid(1), 1), newKey(uuid(1), 2)]
    await expect(insertResource(db, newResource(1, { keys: twoCurrent }), NOW)).rejects.toMatchObject({
      constraint: 'key_versions_one_current',
    })
    for (const table of COUNTED) {
      expect(await db.selectFrom(table).selectAll().execute()).toEqual([])
    }
  })

  test('is read as it was stored', async () => {
    const { db } = await startStore()
    const grace = { until: 'elapsed', ms: 48 * 3_600_000 } as const
    await storeResource(db, 1, { grace })
    expect(await findResource(db, uuid(1))).toEqual({
      id: uuid(1),
      state: 'provisioned',
      name: 'securekey-solid-1',
      plan: 'fortnightly',
      periodMs: 14 * 86_400_000,
      grace,
      wrappedDek: 'wrapped 1',
      createdAt: NOW,
      missingSince: null,
    })
    expect(await findResource(db, uuid(2))).toBeUndefined()
  })
})

describe('a shredded resource', () => {
  test('keeps its row without any secret, and nothing of its schedule, grant or tokens', async () => {
    const { db } = await startStore()
    await storeResource(db, 1, { grant: newGrant('code'), sealedLogInputUrl: 'sealed url' })
    await saveTokens(db, uuid(1), {
      sealedAccessToken: 'sealed',
      accessExpiresAt: NOW,
      sealedRefreshToken: null,
    })
    await shredResource(db, uuid(1), NOW)
    const row = await db.selectFrom('resources').selectAll().executeTakeFirstOrThrow()
    expect(row).toMatchObject({
      state: 'deprovisioned',
      wrapped_dek: null,
      sealed_log_input_url: null,
      deprovisioned_at: NOW,
    })
    for (const table of ['schedule', 'oauth_grants', 'oauth_tokens'] as const) {
      expect(await db.selectFrom(table).selectAll().execute()).toEqual([])
    }
  })

  test('takes no grant code from a provision request that is repeated late', async () => {
    const { db } = await startStore()
    await storeResource(db, 1)
    await shredResource(db, uuid(1), NOW)
    await offerGrant(db, uuid(1), newGrant('late'))
    expect(await db.selectFrom('oauth_grants').selectAll().execute()).toEqual([])
    expect(await claimGrants(db, { now: inMs(60_000), leaseUntil: inMs(120_000), limit: 10 })).toEqual([])
  })
})

describe('a wrapped data key', () => {
  test('is exchanged only for the one that was read', async () => {
    const { db } = await startStore()
    await storeResource(db, 1)
    expect(await replaceWrappedDek(db, uuid(1), 'another', 'fresh')).toBe(false)
    expect(await replaceWrappedDek(db, uuid(1), 'wrapped 1', 'fresh')).toBe(true)
    expect((await findResource(db, uuid(1)))?.wrappedDek).toBe('fresh')
  })

  test('is listed in the order of ids, batch by batch, without deprovisioned resources', async () => {
    const { db } = await startStore()
    for (const number of [3, 1, 4, 2]) await storeResource(db, number)
    await shredResource(db, uuid(2), NOW)
    const first = await listWrappedDeks(db, { limit: 2 })
    expect(first.map(({ wrappedDek }) => wrappedDek)).toEqual(['wrapped 1', 'wrapped 3'])
    const second = await listWrappedDeks(db, { limit: 2, after: uuid(3) })
    expect(second.map(({ wrappedDek }) => wrappedDek)).toEqual(['wrapped 4'])
  })
})

describe('an intent to rotate', () => {
  const intent = (number: number, dueAt = NOW) => {
    const openedBy = { type: 'worker' } as const
    return { resourceId: uuid(number), reason: 'scheduled', dueAt, openedBy, pendingVersion: null } as const
  }

  test('is written down once by ten at the same time', async () => {
    const { db } = await startStore({ connections: 10 })
    await storeResource(db, 1)
    const results = await Promise.all(
      Array.from({ length: 10 }, (_, index) => openRotations(db, [intent(1, inMs(index))], NOW)),
    )
    expect(results.filter((opened) => opened.has(uuid(1)))).toHaveLength(1)
    expect(await listRotations(db, uuid(1), { limit: 20 })).toHaveLength(1)
  })

  test('that is refused hinders no other of its group', async () => {
    const { db } = await startStore()
    for (const number of [1, 2, 3]) await storeResource(db, number)
    await openRotations(db, [intent(2)], NOW)
    const opened = await openRotations(db, [intent(1), intent(2), intent(3)], NOW)
    expect(new Set(opened.keys())).toEqual(new Set([uuid(1), uuid(3)]))
  })

  test('is listed newest first, page by page', async () => {
    const { db } = await startStore()
    await storeResource(db, 1)
    for (const days of [0, 14, 28]) {
      await openRotations(db, [intent(1, inMs(days * 86_400_000))], NOW)
      await db.updateTable('rotations').set({ state: 'done', closed_at: NOW }).execute()
    }
    const first = await listRotations(db, uuid(1), { limit: 2 })
    const before = first.at(-1)?.id ?? ''
    const second = await listRotations(db, uuid(1), { limit: 2, before })
    expect([...first, ...second].map(({ dueAt }) => dueAt)).toEqual([
      inMs(28 * 86_400_000),
      inMs(14 * 86_400_000),
      NOW,
    ])
  })
})
