import { describe, expect, test } from 'vitest'
import type { Db } from '../../src/store/database.ts'
import {
  type ClaimedGrant,
  claimGrants,
  finishGrant,
  offerGrant,
  retryGrantAt,
} from '../../src/store/oauth-grants.ts'
import {
  claimRefresh,
  loadTokens,
  releaseRefresh,
  replaceTokens,
  saveTokens,
} from '../../src/store/oauth-tokens.ts'
import { shredResource } from '../../src/store/resources.ts'
import { uuid } from '../support/resource.ts'
import { inMs, NOW, newGrant, startStore, storeResource } from './support/start-store.ts'

const ID = uuid(1)
/** After the head start of the process that took the provision request. */
const DUE = inMs(15_000)

const claimAll = (db: Db, now = DUE) =>
  claimGrants(db, { now, leaseUntil: new Date(now.getTime() + 45_000), limit: 10 })
const claimOf = (db: Db, resourceId: string) =>
  claimGrants(db, { now: NOW, leaseUntil: inMs(45_000), limit: 1, resourceId })
const grantRow = (db: Db) => db.selectFrom('oauth_grants').selectAll().executeTakeFirst()

async function startWithGrant() {
  const { db } = await startStore({ connections: 12 })
  await storeResource(db, 1, { grant: newGrant('one') })
  return { db }
}

/** A grant, its first claim, and the claim that took it over when the first lease had ended. */
async function startWithTakenOverGrant() {
  const { db } = await startWithGrant()
  const [late] = await claimAll(db)
  const [holder] = await claimAll(db, inMs(60_001))
  if (!late || !holder) throw new Error('the grant was not claimed twice')
  return { db, late, holder }
}

describe('a grant code', () => {
  test('is given to one of twelve processes that want it at the same time', async () => {
    const { db } = await startWithGrant()
    const claims = await Promise.all(Array.from({ length: 12 }, () => claimAll(db)))
    expect(claims.flat()).toEqual([
      {
        resourceId: ID,
        attempt: '1',
        sealedCode: 'sealed one',
        expiresAt: inMs(300_000),
        wrappedDek: 'wrapped 1',
      },
    ])
  })

  test('is given at once to the process that took the request, and to others after a head start', async () => {
    const { db } = await startWithGrant()
    expect(await claimAll(db, inMs(14_999))).toEqual([])
    expect(await claimOf(db, ID)).toHaveLength(1)
  })

  test('is given at once only the first time: a repeated request does not disturb an exchange under way', async () => {
    const { db } = await startWithGrant()
    const [grant] = await claimOf(db, ID)
    expect(await claimOf(db, ID)).toEqual([])
    await retryGrantAt(db, grant as ClaimedGrant, DUE)
    expect(await claimOf(db, ID)).toEqual([])
    expect(await claimAll(db)).toHaveLength(1)
  })

  test('comes back by itself when the process that had it is gone', async () => {
    const { holder } = await startWithTakenOverGrant()
    expect(holder.attempt).toBe('2')
  })

  test('is erased when it is exchanged, and cannot be exchanged a second time', async () => {
    const { db } = await startWithGrant()
    const [grant] = await claimAll(db)
    expect(await finishGrant(db, grant as ClaimedGrant, 'exchanged')).toBe(true)
    expect(await finishGrant(db, grant as ClaimedGrant, 'exchanged')).toBe(false)
    expect(await grantRow(db)).toMatchObject({ state: 'exchanged', sealed_code: null, wake_at: null })
    expect(await claimAll(db, inMs(1_000_000))).toEqual([])
  })

  test('is neither ended nor put back by a process whose claim was taken over', async () => {
    const { db, late, holder } = await startWithTakenOverGrant()
    const before = await grantRow(db)
    expect(await finishGrant(db, late, 'lost')).toBe(false)
    await retryGrantAt(db, late, NOW)
    expect(await grantRow(db)).toEqual(before)
    expect(await finishGrant(db, holder, 'exchanged')).toBe(true)
  })

  test('of a deprovisioned resource is given to nobody, and a late end of its exchange writes nothing', async () => {
    const { db } = await startWithGrant()
    const [grant] = await claimAll(db)
    await shredResource(db, ID, NOW)
    expect(await finishGrant(db, grant as ClaimedGrant, 'exchanged')).toBe(false)
    expect(await claimAll(db, inMs(1_000_000))).toEqual([])
  })

  test('that waits longest is given first, in batches', async () => {
    const { db } = await startStore()
    for (const number of [1, 2, 3]) {
      await storeResource(db, number, { grant: newGrant(`code ${number}`, { wakeAt: inMs(-number) }) })
    }
    const first = await claimGrants(db, { now: NOW, leaseUntil: DUE, limit: 2 })
    expect(first.map(({ resourceId }) => resourceId).toSorted()).toEqual([uuid(2), uuid(3)])
  })
})

describe('a grant code that came with a repeated request', () => {
  test('is left alone while the first one waits', async () => {
    const { db } = await startWithGrant()
    await offerGrant(db, ID, newGrant('two'))
    expect(await grantRow(db)).toMatchObject({ sealed_code: 'sealed one' })
  })

  test('is left alone when the first one was exchanged', async () => {
    const { db } = await startWithGrant()
    const [grant] = await claimAll(db)
    await finishGrant(db, grant as ClaimedGrant, 'exchanged')
    await offerGrant(db, ID, newGrant('two'))
    expect(await grantRow(db)).toMatchObject({ state: 'exchanged', sealed_code: null })
  })

  test('is taken when the first one was lost, unless it is the same code', async () => {
    const { db } = await startWithGrant()
    const [grant] = await claimAll(db)
    await finishGrant(db, grant as ClaimedGrant, 'lost')
    await offerGrant(db, ID, newGrant('one'))
    expect(await grantRow(db)).toMatchObject({ state: 'lost' })
    await offerGrant(db, ID, newGrant('two'))
    expect(await grantRow(db)).toMatchObject({ state: 'waiting', sealed_code: 'sealed two' })
    expect(await claimOf(db, ID)).toHaveLength(1)
  })

  test('is taken when the first request had none', async () => {
    const { db } = await startStore()
    await storeResource(db, 1)
    await offerGrant(db, ID, newGrant('one'))
    expect(await claimOf(db, ID)).toHaveLength(1)
  })

  test('is left alone when the resource has tokens', async () => {
    const { db } = await startStore()
    await storeResource(db, 1)
    await saveTokens(db, ID, tokens('first'))
    await offerGrant(db, ID, newGrant('two'))
    expect(await grantRow(db)).toBeUndefined()
  })
})

function tokens(name: string) {
  return {
    sealedAccessToken: `access ${name}`,
    sealedRefreshToken: `refresh ${name}`,
    accessExpiresAt: inMs(28_800_000),
  }
}

async function startWithTokens() {
  const { db } = await startStore({ connections: 12 })
  await storeResource(db, 1)
  await saveTokens(db, ID, tokens('first'))
  return { db }
}

describe('the right to refresh', () => {
  const wanted = { resourceId: ID, generation: 1, now: NOW, until: inMs(45_000) }

  test('is given to one of twelve processes that want it at the same time', async () => {
    const { db } = await startWithTokens()
    const results = await Promise.all(Array.from({ length: 12 }, () => claimRefresh(db, wanted)))
    expect(results.filter((given) => given)).toHaveLength(1)
  })

  test('is given again when the process that had it is gone', async () => {
    const { db } = await startWithTokens()
    await claimRefresh(db, wanted)
    expect(await claimRefresh(db, { ...wanted, now: inMs(44_999) })).toBe(false)
    expect(await claimRefresh(db, { ...wanted, now: inMs(45_000) })).toBe(true)
  })

  test('is given again at once after a refresh that failed', async () => {
    const { db } = await startWithTokens()
    await claimRefresh(db, wanted)
    await releaseRefresh(db, ID, 1)
    expect(await claimRefresh(db, wanted)).toBe(true)
  })

  test('is not given for tokens that were refreshed meanwhile', async () => {
    const { db } = await startWithTokens()
    await claimRefresh(db, wanted)
    expect(await replaceTokens(db, ID, { ...tokens('second'), generation: 2 })).toBe(true)
    expect(await claimRefresh(db, wanted)).toBe(false)
    expect(await claimRefresh(db, { ...wanted, generation: 2 })).toBe(true)
  })
})

describe('refreshed tokens', () => {
  test('replace those that they were made of, and end the refresh', async () => {
    const { db } = await startWithTokens()
    expect(await replaceTokens(db, ID, { ...tokens('second'), generation: 2 })).toBe(true)
    expect(await loadTokens(db, ID)).toEqual({ ...tokens('second'), generation: 2 })
  })

  test('that come late do not replace newer ones', async () => {
    const { db } = await startWithTokens()
    await replaceTokens(db, ID, { ...tokens('second'), generation: 2 })
    expect(await replaceTokens(db, ID, { ...tokens('late'), generation: 2 })).toBe(false)
    expect(await loadTokens(db, ID)).toMatchObject(tokens('second'))
  })

  test('of a resource that was deprovisioned meanwhile are not stored', async () => {
    const { db } = await startWithTokens()
    await shredResource(db, ID, NOW)
    expect(await replaceTokens(db, ID, { ...tokens('late'), generation: 2 })).toBe(false)
    expect(await loadTokens(db, ID)).toBeNull()
  })

  test('of a later grant count as the next generation', async () => {
    const { db } = await startWithTokens()
    await saveTokens(db, ID, tokens('granted'))
    expect(await loadTokens(db, ID)).toEqual({ ...tokens('granted'), generation: 2 })
  })
})
