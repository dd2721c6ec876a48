import { describe, expect, test } from 'vitest'
import type { Db } from '../../src/store/database.ts'
import { listHistory } from '../../src/store/history.ts'
import type { Claim } from '../../src/store/keysets.ts'
import {
  claimGrants,
  FIRST_GRANT_FENCE,
  finishGrants,
  isGrantWaiting,
  offerGrant,
  retryGrantIn,
} from '../../src/store/oauth-grants.ts'
import {
  claimRefresh,
  loadTokens,
  type NewTokens,
  releaseRefresh,
  replaceTokens,
  saveTokens,
} from '../../src/store/oauth-tokens.ts'
import { shredResource } from '../../src/store/resource-ends.ts'
import { uuid } from '../support/resource.ts'
import { inMs, NOW, newGrant, setNow, startStore, storeResource } from './support/start-store.ts'

const ID = uuid(1)
/** After the head start of the process that took the provision request. */
const DUE = inMs(15_000)

async function claimAll(db: Db, now = DUE) {
  setNow(db, now)
  return await claimGrants(db, { leaseMs: 45_000, limit: 10 })
}
const grantRow = (db: Db) => db.selectFrom('oauth_grants').selectAll().executeTakeFirst()
/** The claim of the process that took the provision request. */
const FIRST: Claim = { resourceId: ID, fence: FIRST_GRANT_FENCE }

/** Ends a grant; whether it was still the caller's. */
async function finish(db: Db, claim: Claim, state: 'exchanged' | 'lost'): Promise<boolean> {
  const event = { at: NOW, kind: `grant-${state}`, actor: { type: 'heroku' } } as const
  const end = { ...claim, tokens: state === 'exchanged' ? tokens('granted') : null, event }
  const finished = await db.transaction().execute((trx) => finishGrants(trx, [end]))
  return finished.has(claim.resourceId)
}

async function shred(db: Db): Promise<void> {
  await db.transaction().execute((trx) => shredResource(trx, ID, NOW))
}

async function save(db: Db, fresh: NewTokens): Promise<void> {
  await db.transaction().execute((trx) => saveTokens(trx, [{ ...fresh, resourceId: ID }]))
}

async function startWithGrant() {
  const { db } = await startStore({ connections: 12 })
  await storeResource(db, 1, { grant: newGrant('one') })
  return { db }
}

/** A grant, and the claim that took it over when the first lease had ended. */
async function startWithTakenOverGrant() {
  const { db } = await startWithGrant()
  const [late] = await claimAll(db)
  const [holder] = await claimAll(db, inMs(60_001))
  if (!late || !holder) throw new Error('the grant was not claimed twice')
  return { db, late, holder }
}

async function startWithClaimedGrant() {
  const { db } = await startWithGrant()
  const [grant] = await claimAll(db)
  if (!grant) throw new Error('the grant was not claimed')
  return { db, grant }
}

describe('a grant code', () => {
  test('is given to one of twelve processes that want it at the same time', async () => {
    const { db } = await startWithGrant()
    const claims = await Promise.all(Array.from({ length: 12 }, () => claimAll(db)))
    expect(claims.flat()).toEqual([
      {
        resourceId: ID,
        fence: '2',
        sealedCode: Buffer.from('sealed one'),
        expiresAt: inMs(300_000),
        dek: { kekId: 'k1', wrapped: Buffer.from('wrapped 1') },
      },
    ])
  })

  test('is given at once to the process that took the request, and to others after a head start', async () => {
    const { db } = await startWithGrant()
    expect(await claimAll(db, inMs(14_999))).toEqual([])
    expect(await grantRow(db)).toMatchObject({ fence: FIRST.fence, claimed_until: DUE })
    expect(await finish(db, FIRST, 'exchanged')).toBe(true)
    expect(await claimAll(db)).toEqual([])
  })

  test('is given at once only the first time: a repeated request does not disturb an exchange under way', async () => {
    const { db } = await startWithGrant()
    expect(await offerGrant(db, ID, newGrant('one'))).toBeUndefined()
    await retryGrantIn(db, FIRST, 15_000)
    expect(await offerGrant(db, ID, newGrant('one'))).toBeUndefined()
    expect(await claimAll(db)).toHaveLength(1)
  })

  test('comes back by itself when the process that had it is gone', async () => {
    const { late, holder } = await startWithTakenOverGrant()
    expect([late.fence, holder.fence]).toEqual(['2', '3'])
  })

  test('is erased when it is exchanged, and cannot be exchanged a second time', async () => {
    const { db, grant } = await startWithClaimedGrant()
    expect(await finish(db, grant, 'exchanged')).toBe(true)
    expect(await finish(db, grant, 'exchanged')).toBe(false)
    expect(await grantRow(db)).toMatchObject({
      state: 'exchanged',
      sealed_code: null,
      wake_at: null,
      claimed_until: null,
    })
    expect(await loadTokens(db, ID)).toEqual({ ...tokens('granted'), generation: 1 })
    expect(await claimAll(db, inMs(1_000_000))).toEqual([])
  })

  test('is neither ended nor put back by a process whose claim was taken over', async () => {
    const { db, late, holder } = await startWithTakenOverGrant()
    const before = await grantRow(db)
    expect(await finish(db, late, 'lost')).toBe(false)
    await retryGrantIn(db, late, 0)
    expect(await grantRow(db)).toEqual(before)
    expect(await finish(db, holder, 'exchanged')).toBe(true)
  })

  test('of a late process brings neither tokens nor a history row, while another of its group is ended', async () => {
    const { db, late, holder } = await startWithTakenOverGrant()
    const event = { at: NOW, kind: 'grant-lost', actor: { type: 'heroku' } } as const
    const ends = [
      { ...late, tokens: tokens('late'), event: { ...event, kind: 'grant-exchanged' } as const },
      { ...holder, tokens: null, event },
    ]
    await db.transaction().execute((trx) => finishGrants(trx, ends))
    expect(await loadTokens(db, ID)).toBeNull()
    const rows = await listHistory(db, ID, { limit: 10 })
    expect(rows.map(({ kind }) => kind)).toEqual(['grant-lost', 'provisioned'])
  })

  test('of a deprovisioned resource is given to nobody, and a late end of its exchange writes nothing', async () => {
    const { db, grant } = await startWithClaimedGrant()
    await shred(db)
    expect(await finish(db, grant, 'exchanged')).toBe(false)
    expect(await loadTokens(db, ID)).toBeNull()
    expect(await claimAll(db, inMs(1_000_000))).toEqual([])
  })

  test('that waits longest is given first, in batches', async () => {
    const { db } = await startStore()
    for (const number of [1, 2, 3]) {
      const grant = newGrant(`code ${number}`, { headStartMs: -number })
      await storeResource(db, number, { grant })
    }
    const first = await claimGrants(db, { leaseMs: 15_000, limit: 2 })
    expect(first.map(({ resourceId }) => resourceId).toSorted()).toEqual([uuid(2), uuid(3)])
  })

  test('is waited for until it is exchanged or lost', async () => {
    const { db, grant } = await startWithClaimedGrant()
    expect(await isGrantWaiting(db, ID)).toBe(true)
    await finish(db, grant, 'lost')
    expect(await isGrantWaiting(db, ID)).toBe(false)
    expect(await isGrantWaiting(db, uuid(2))).toBe(false)
  })
})

describe('a grant code that came with a repeated request', () => {
  test('takes the place of an older one that still waits, and a late answer to that one is void', async () => {
    const { db } = await startWithGrant()
    const second = newGrant('two', { expiresAt: inMs(600_000), headStartMs: 20_000 })
    expect(await offerGrant(db, ID, second)).toBe('2')
    expect(await grantRow(db)).toEqual({
      resource_id: ID,
      sealed_code: second.sealedCode,
      code_digest: second.codeDigest,
      expires_at: inMs(600_000),
      state: 'waiting',
      wake_at: inMs(20_000),
      claimed_until: inMs(20_000),
      fence: '2',
    })
    expect(await finish(db, FIRST, 'lost')).toBe(false)
    expect(await finish(db, { ...FIRST, fence: '2' }, 'exchanged')).toBe(true)
  })

  test('is left alone when the first one was exchanged', async () => {
    const { db, grant } = await startWithClaimedGrant()
    await finish(db, grant, 'exchanged')
    expect(await offerGrant(db, ID, newGrant('two'))).toBeUndefined()
    expect(await grantRow(db)).toMatchObject({ state: 'exchanged', sealed_code: null })
  })

  test('is taken when the first one was lost, unless it is the same code', async () => {
    const { db, grant } = await startWithClaimedGrant()
    await finish(db, grant, 'lost')
    expect(await offerGrant(db, ID, newGrant('one'))).toBeUndefined()
    expect(await grantRow(db)).toMatchObject({ state: 'lost' })
    expect(await offerGrant(db, ID, newGrant('two'))).toBe('3')
    expect(await grantRow(db)).toMatchObject({ state: 'waiting', sealed_code: Buffer.from('sealed two') })
    expect(await finish(db, { ...FIRST, fence: '3' }, 'exchanged')).toBe(true)
  })

  test('is taken when the first request had none', async () => {
    const { db } = await startWithGrant()
    const likeTheFirst = await grantRow(db)
    await db.deleteFrom('oauth_grants').execute()
    expect(await offerGrant(db, ID, newGrant('one'))).toBe(FIRST_GRANT_FENCE)
    expect(await grantRow(db)).toEqual(likeTheFirst)
    expect(await claimAll(db, inMs(14_999))).toEqual([])
    expect(await finish(db, FIRST, 'exchanged')).toBe(true)
  })

  test('is left alone when the resource has tokens', async () => {
    const { db } = await startStore()
    await storeResource(db, 1)
    await save(db, tokens('first'))
    expect(await offerGrant(db, ID, newGrant('two'))).toBeUndefined()
    expect(await grantRow(db)).toBeUndefined()
  })
})

function tokens(name: string): NewTokens {
  return {
    sealedAccessToken: Buffer.from(`access ${name}`),
    sealedRefreshToken: Buffer.from(`refresh ${name}`),
    accessExpiresAt: inMs(28_800_000),
  }
}

async function startWithTokens() {
  const { db } = await startStore({ connections: 12 })
  await storeResource(db, 1)
  await save(db, tokens('first'))
  return { db }
}

describe('the right to refresh', () => {
  const wanted = { resourceId: ID, generation: 1, leaseMs: 45_000 }

  test('is given to one of twelve processes that want it at the same time', async () => {
    const { db } = await startWithTokens()
    const results = await Promise.all(Array.from({ length: 12 }, () => claimRefresh(db, wanted)))
    expect(results.filter((given) => given)).toHaveLength(1)
  })

  test('is given again when the process that had it is gone', async () => {
    const { db } = await startWithTokens()
    await claimRefresh(db, wanted)
    setNow(db, inMs(44_999))
    expect(await claimRefresh(db, wanted)).toBe(false)
    setNow(db, inMs(45_000))
    expect(await claimRefresh(db, wanted)).toBe(true)
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
    await shred(db)
    expect(await replaceTokens(db, ID, { ...tokens('late'), generation: 2 })).toBe(false)
    expect(await loadTokens(db, ID)).toBeNull()
  })

  test('of a later grant count as the next generation', async () => {
    const { db } = await startWithTokens()
    await save(db, tokens('granted'))
    expect(await loadTokens(db, ID)).toEqual({ ...tokens('granted'), generation: 2 })
  })
})
