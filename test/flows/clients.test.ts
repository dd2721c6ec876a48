import { expect, test } from 'vitest'
import { bearerText } from '../../src/domain/bearer-text.ts'
import { readClients } from '../../src/flows/hand-over/clients.ts'
import { renewDataKeys } from '../../src/flows/operations/renew-data-keys.ts'
import { rewrapTokens } from '../../src/flows/operations/rewrap-tokens.ts'
import { endTokens, readTokens } from '../../src/flows/tokens/tokens.ts'
import { useToken } from '../../src/flows/tokens/use-token.ts'
import { createLocalKek } from '../../src/sealing/keyring.ts'
import { createMacs } from '../../src/sealing/macs.ts'
import { createSealing } from '../../src/sealing/sealing.ts'
import { clientOf } from '../api/support/client.ts'
import { ANN, tokenOf } from '../api/support/token.ts'
import { startWithAddon } from '../support/addon.ts'
import { DAY, SEALING_KEY } from '../support/harness.ts'
import { historyOf } from '../support/resource.ts'

const K1 = createLocalKek('k1', Uint8Array.from(Buffer.from(SEALING_KEY.slice(3), 'base64')))
const K2 = createLocalKek('k2', new Uint8Array(32).fill(7))

type Started = Awaited<ReturnType<typeof startWithAddon>>

const outcomeOf = async (h: Started, text: string, kind: 'api' | 'client', deps = h.deps) => {
  const found = await useToken(deps, text, kind)
  return found.outcome === 'none' ? found.because : found.outcome
}
/** The same service, restarted with these keys. */
const withKeks = (h: Started, keks: (typeof K1)[]) => ({
  ...h.deps,
  macs: createMacs(keks),
  sealing: createSealing(keks, h.deps.random),
})

test('a client’s secret is no API token, an API token is no secret, and neither becomes one in the database', async () => {
  const h = await startWithAddon()
  const [client, token] = [await clientOf(h), await tokenOf(h, ['keyring'])]
  expect(await outcomeOf(h, client.text, 'client')).toBe('active')
  expect(await outcomeOf(h, client.text, 'api')).toBe('malformed')
  expect(await outcomeOf(h, token.text, 'client')).toBe('malformed')
  // Who writes the database turns one into the other, and its text with it.
  const { db } = h.deps
  await db
    .updateTable('api_tokens')
    .set({ kind: 'api', scopes: 'keyring' })
    .where('id', '=', client.id)
    .execute()
  await db.updateTable('api_tokens').set({ kind: 'client', scopes: '' }).where('id', '=', token.id).execute()
  await db.insertInto('clients').values({ id: token.id }).execute()
  expect(await outcomeOf(h, client.text, 'client')).toBe('absent')
  expect(await outcomeOf(h, token.text, 'api')).toBe('absent')
  const forged = bearerText('client', Buffer.from(token.id, 'hex'), new Uint8Array(32))
  expect(await outcomeOf(h, forged, 'client')).toBe('absent')
  expect((await readTokens(h.deps, h.addon.id)).tokens).toEqual([])
  expect((await readClients(h.deps, h.addon.id)).clients).toEqual([])
})

test('a client stands in the database by the digest of its secret alone, and has no end of its own', async () => {
  const h = await startWithAddon()
  const { text } = await clientOf(h)
  expect(JSON.stringify(await h.deps.db.selectFrom('api_tokens').selectAll().execute())).not.toContain(
    text.slice(28, -8),
  )
  h.clock.advance(3_650 * DAY)
  expect(await outcomeOf(h, text, 'client')).toBe('active')
})

test('clients and tokens are counted and ended each by itself, a hundred clients at the most', async () => {
  const h = await startWithAddon()
  const { text } = await tokenOf(h, ['read'])
  for (let made = 0; made < 100; made += 1) await clientOf(h)
  await expect(clientOf(h)).rejects.toThrow('too-many')
  await tokenOf(h, ['read'])
  expect(await endTokens(h.deps, { resourceId: h.addon.id, actor: ANN, kind: 'client' })).toBe(100)
  expect(await outcomeOf(h, text, 'api')).toBe('active')
  const { text: secret } = await clientOf(h)
  expect(await endTokens(h.deps, { resourceId: h.addon.id, actor: ANN })).toBe(2)
  expect(await outcomeOf(h, secret, 'client')).toBe('active')
})

test('a sealing key may be removed after a rewrap without ending a client, and one that was changed stays forged', async () => {
  const h = await startWithAddon()
  const [{ text }, changed] = [await clientOf(h), await clientOf(h)]
  await h.deps.db.updateTable('api_tokens').set({ name: 'other' }).where('id', '=', changed.id).execute()
  expect(await outcomeOf(h, text, 'client', withKeks(h, [K2]))).toBe('over')
  expect(await rewrapTokens(withKeks(h, [K2, K1]))).toBe(1)
  expect(await outcomeOf(h, text, 'client', withKeks(h, [K2]))).toBe('active')
  expect(await outcomeOf(h, changed.text, 'client', withKeks(h, [K2, K1]))).toBe('forged')
})

test('a sealing key that leaked ends every client of the add-ons that it could open', async () => {
  const h = await startWithAddon()
  const { id } = await clientOf(h, { name: 'warehouse' })
  const deps = withKeks(h, [K2, K1])
  await rewrapTokens(deps)
  await renewDataKeys(deps)
  expect((await readClients(deps, h.addon.id)).clients).toEqual([])
  expect(await h.deps.db.selectFrom('clients').selectAll().execute()).toEqual([])
  expect((await historyOf(h.deps, h.addon.id)).at(-1)).toMatchObject({
    kind: 'data-key-renewed',
    details: { clientsEnded: `warehouse (${id})` },
  })
})
