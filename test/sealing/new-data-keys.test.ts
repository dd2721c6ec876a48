import { expect, test } from 'vitest'
import { revokeKeys } from '../../src/flows/dashboard/revoke-keys.ts'
import type { Deps } from '../../src/flows/deps.ts'
import { renewDataKeys } from '../../src/flows/operations/renew-data-keys.ts'
import { rewrapDeks } from '../../src/flows/operations/rewrap-deks.ts'
import { createLocalKek } from '../../src/sealing/keyring.ts'
import { createSealing, type Sealing } from '../../src/sealing/sealing.ts'
import { findSealedValues } from '../../src/store/sealed-values.ts'
import { webhookOf } from '../notices/support/webhook.ts'
import { seededBytes } from '../simulator/support/seeded-bytes.ts'
import { keysOn, startWithAddon } from '../support/addon.ts'
import { DAY, HOUR, SEALING_KEY, startHarness } from '../support/harness.ts'
import {
  historyOf,
  kindsOf,
  provisionRequest,
  provisionResource,
  tokenCalls,
  uuid,
} from '../support/resource.ts'

const K1 = createLocalKek('k1', Buffer.from(SEALING_KEY.slice(3), 'base64'))
const K2 = createLocalKek('k2', Uint8Array.from(seededBytes('kek k2')(32)))

const sealingOf = (...keks: (typeof K1)[]) => createSealing(keks, seededBytes('fresh data keys'))

/** Everything that is stored sealed of a resource, in hex. */
async function sealedOf(deps: Deps, resourceId: string): Promise<string[]> {
  const values = await deps.db.transaction().execute((trx) => findSealedValues(trx, resourceId))
  const all = Object.values(values).flatMap((value) =>
    Array.isArray(value) ? value.map(({ sealed }) => sealed) : [value],
  )
  return all.flatMap((sealed) => (sealed ? [sealed.toString('hex')] : []))
}

async function dekOf(deps: Deps, resourceId: string) {
  const { kek_id: kekId, wrapped_dek: wrapped } = await deps.db
    .selectFrom('resources')
    .select(['kek_id', 'wrapped_dek'])
    .where('id', '=', resourceId)
    .executeTakeFirstOrThrow()
  if (kekId === null || wrapped === null) throw new Error('the add-on is live')
  return { kekId, wrapped }
}

test('new data keys seal every stored value anew, and the former one opens none of them', async () => {
  const h = await startWithAddon()
  await webhookOf(h)
  const formerDek = await dekOf(h.deps, h.addon.id)
  const before = await sealedOf(h.deps, h.addon.id)
  const deps = { ...h.deps, sealing: sealingOf(K2, K1) }
  expect(await renewDataKeys(deps)).toEqual({ renewed: 1, unreadable: 0, left: 0 })
  const after = await sealedOf(h.deps, h.addon.id)
  expect(after).toHaveLength(before.length)
  expect(after.filter((value) => before.includes(value))).toEqual([])

  const former = await sealingOf(K1).forResource(h.addon.id, formerDek)
  const present = await sealingOf(K2).forResource(h.addon.id, await dekOf(h.deps, h.addon.id))
  const { keys, accessToken } = await h.deps.db
    .transaction()
    .execute((trx) => findSealedValues(trx, h.addon.id))
  for (const { version, sealed } of keys) {
    expect(() => former.openKey(version, sealed)).toThrow()
    expect(present.openKey(version, sealed)).toHaveLength(32)
  }
  expect(() => former.open('sealed_access_token', accessToken ?? Buffer.alloc(0))).toThrow()
  expect((await historyOf(h.deps, h.addon.id)).at(-1)).toMatchObject({
    kind: 'data-key-renewed',
    actor: { type: 'operator' },
  })
})

test('an add-on with a new data key rotates, refreshes its tokens and is provisioned again as before', async () => {
  const h = await startWithAddon()
  const held = keysOn(h)
  await renewDataKeys({ ...h.deps, sealing: sealingOf(K2, K1) })
  const process = { ...h.deps, sealing: sealingOf(K2) }
  const again = await provisionResource(process, provisionRequest({ resourceId: h.addon.id }))
  expect(again.config.SECURE_KEY).toBe(`${held.first},${held.second}`)

  Object.assign(h.deps, { sealing: process.sealing })
  h.clock.advance(14 * DAY)
  expect(await h.worker1.tick()).toMatchObject({ promoted: 1 })
  expect(tokenCalls(h, 'refresh_token')).toHaveLength(1)
  expect(keysOn(h).second).toBe(held.first)
})

test('after a plain rewrap the data keys are known to have been under the former key, and are renewed all the same', async () => {
  const h = await startWithAddon()
  const deps = { ...h.deps, sealing: sealingOf(K2, K1) }
  await rewrapDeks(deps)
  expect((await dekOf(h.deps, h.addon.id)).kekId).toBe('k2')
  expect(await renewDataKeys(deps)).toMatchObject({ renewed: 1, left: 0 })
})

test('it may be stopped and repeated: what is done is passed over', async () => {
  const { deps } = await startWithAddon()
  for (let number = 2; number <= 12; number += 1) {
    await provisionResource(deps, provisionRequest({ resourceId: uuid(number) }))
  }
  const both = { ...deps, sealing: sealingOf(K2, K1) }
  const stopping = new AbortController()
  const first = await renewDataKeys(both, { signal: stopping.signal, onProgress: () => stopping.abort() })
  expect(first).toMatchObject({ renewed: 4, left: 8 })
  expect(await renewDataKeys(both)).toEqual({ renewed: 8, unreadable: 0, left: 0 })
  expect(await renewDataKeys(both)).toEqual({ renewed: 0, unreadable: 0, left: 0 })
  expect((await kindsOf(deps, uuid(7))).filter((kind) => kind === 'data-key-renewed')).toHaveLength(1)
})

test('two at the same time renew each data key once, and lose nothing', async () => {
  const { deps } = await startWithAddon()
  const pairs = new Map<string, string>()
  for (let number = 2; number <= 9; number += 1) {
    const { config } = await provisionResource(deps, provisionRequest({ resourceId: uuid(number) }))
    pairs.set(uuid(number), config.SECURE_KEY ?? '')
  }
  const both = { ...deps, sealing: sealingOf(K2, K1) }
  await Promise.all([renewDataKeys(both), renewDataKeys({ ...deps, sealing: otherRandom() })])
  const process = { ...deps, sealing: sealingOf(K2) }
  for (const [resourceId, pair] of pairs) {
    const again = await provisionResource(process, provisionRequest({ resourceId }))
    expect(again.config.SECURE_KEY).toBe(pair)
    expect((await kindsOf(deps, resourceId)).filter((kind) => kind === 'data-key-renewed')).toHaveLength(1)
  }
})

function otherRandom(): Sealing {
  return createSealing([K2, K1], seededBytes('other fresh data keys'))
}

test('a resource that does not open is counted and left as it is', async () => {
  const h = await startWithAddon()
  const before = await dekOf(h.deps, h.addon.id)
  const result = await renewDataKeys({ ...h.deps, sealing: sealingOf(K2) })
  expect(result).toEqual({ renewed: 0, unreadable: 1, left: 1 })
  expect(await dekOf(h.deps, h.addon.id)).toEqual(before)
})

test('a rotation that is under way while its data key is renewed loses no key and makes no second one', async () => {
  const h = await startWithAddon()
  h.heroku.faults.add({ match: { method: 'PATCH' }, kind: 'status', status: 503 })
  h.clock.advance(14 * DAY)
  await h.worker1.tick()
  Object.assign(h.deps, { sealing: sealingOf(K2, K1) })
  await renewDataKeys(h.deps)
  h.clock.advance(HOUR)
  await h.worker1.tick()
  const rotated = (await historyOf(h.deps, h.addon.id)).filter(({ kind }) => kind === 'rotated')
  expect(rotated).toHaveLength(1)
  expect(rotated[0]?.key?.version).toBe(3)
})

test('a grant whose exchange is under way meanwhile is stored under the new data key', async () => {
  const h = await startHarness()
  Object.assign(h.deps, { sealing: sealingOf(K2, K1) })
  const { exchangeGrant } = h.deps.identity
  Object.assign(h.deps.identity, {
    exchangeGrant: async (code: string) => {
      const answer = await exchangeGrant(code)
      // Whatever sealed it first: it is another one now.
      await h.deps.db.updateTable('resources').set({ former_kek_id: 'k1' }).execute()
      await renewDataKeys(h.deps)
      return answer
    },
  })
  await h.heroku.customer.createApp('service-1')
  const addon = await h.heroku.customer.createAddon({ app: 'service-1', plan: 'daily' })
  await expect.poll(() => kindsOf(h.deps, addon.id)).toContain('grant-exchanged')
  expect(tokenCalls(h, 'authorization_code')).toHaveLength(1)
  const present = await sealingOf(K2).forResource(addon.id, await dekOf(h.deps, addon.id))
  const { accessToken } = await h.deps.db.transaction().execute((trx) => findSealedValues(trx, addon.id))
  expect(present.open('sealed_access_token', accessToken ?? Buffer.alloc(0))).toBeTruthy()
})

test('a refresh of the tokens that is under way meanwhile is stored under the new data key', async () => {
  const h = await startWithAddon()
  Object.assign(h.deps, { sealing: sealingOf(K2, K1) })
  h.clock.advance(14 * DAY)
  const { refresh } = h.deps.identity
  Object.assign(h.deps.identity, {
    refresh: async (token: string) => {
      const answer = await refresh(token)
      await renewDataKeys(h.deps)
      return answer
    },
  })
  await h.worker1.tick()
  h.clock.advance(DAY)
  const dek = await dekOf(h.deps, h.addon.id)
  const present = await sealingOf(K2).forResource(h.addon.id, dek)
  const { accessToken, refreshToken } = await h.deps.db
    .transaction()
    .execute((trx) => findSealedValues(trx, h.addon.id))
  expect(present.open('sealed_access_token', accessToken ?? Buffer.alloc(0))).toBeTruthy()
  expect(present.open('sealed_refresh_token', refreshToken ?? Buffer.alloc(0))).toBeTruthy()
})

test('a revoke whose fresh data key comes second makes another, and no token is lost', async () => {
  const h = await startWithAddon()
  const sealing = sealingOf(K2, K1)
  let renewed = 0
  Object.assign(h.deps, {
    sealing: {
      ...sealing,
      forNewResource: async (resourceId: string) => {
        const fresh = await sealing.forNewResource(resourceId)
        // Between its making and its use, a command is faster.
        if (renewed === 0) renewed += (await renewDataKeys({ ...h.deps, sealing: otherRandom() })).renewed
        return fresh
      },
    },
  })
  await revokeKeys(h.deps, { resourceId: h.addon.id, actor: { type: 'operator' } })
  expect(renewed).toBe(1)
  const present = await sealing.forResource(h.addon.id, await dekOf(h.deps, h.addon.id))
  const { accessToken, refreshToken } = await h.deps.db
    .transaction()
    .execute((trx) => findSealedValues(trx, h.addon.id))
  expect(present.open('sealed_access_token', accessToken ?? Buffer.alloc(0))).toBeTruthy()
  expect(present.open('sealed_refresh_token', refreshToken ?? Buffer.alloc(0))).toBeTruthy()
  expect(await h.worker1.tick()).toMatchObject({ promoted: 1 })
})
