import { describe, expect, test } from 'vitest'
import { bearerText, readBearer } from '../../src/domain/bearer-text.ts'
import { revokeKeys } from '../../src/flows/dashboard/revoke-keys.ts'
import { renewDataKeys } from '../../src/flows/operations/renew-data-keys.ts'
import { rewrapTokens } from '../../src/flows/operations/rewrap-tokens.ts'
import { deprovision } from '../../src/flows/provisioning/deprovision.ts'
import { newToken } from '../../src/flows/tokens/make-token.ts'
import { endTokens, readTokens } from '../../src/flows/tokens/tokens.ts'
import { useToken } from '../../src/flows/tokens/use-token.ts'
import { createLocalKek } from '../../src/sealing/keyring.ts'
import { createMacs } from '../../src/sealing/macs.ts'
import { createSealing } from '../../src/sealing/sealing.ts'
import { insertToken, touchToken } from '../../src/store/api-tokens.ts'
import { ANN, tokenOf } from '../api/support/token.ts'
import { startWithAddon } from '../support/addon.ts'
import { DAY, HOUR, MINUTE, SEALING_KEY, SECOND } from '../support/harness.ts'
import { historyOf, provisionRequest, provisionResource } from '../support/resource.ts'

const K1 = createLocalKek('k1', Uint8Array.from(Buffer.from(SEALING_KEY.slice(3), 'base64')))
const K2 = createLocalKek('k2', new Uint8Array(32).fill(7))

type Started = Awaited<ReturnType<typeof startWithAddon>>

const outcomeOf = async (h: Started, text: string, deps = h.deps) => {
  const found = await useToken(deps, text)
  return found.outcome === 'none' ? found.because : found.outcome
}
/** The same service, restarted with these keys. */
const withKeks = (h: Started, keks: (typeof K1)[]) => ({
  ...h.deps,
  macs: createMacs(keks),
  sealing: { ...h.deps.sealing, primaryKekId: keks[0]?.id ?? '' },
})
const rowsOf = (h: Started) => h.deps.db.selectFrom('api_tokens').selectAll().execute()

describe('a token', () => {
  test('speaks for its resource with its scopes, from its making to its end by the clock of the database', async () => {
    const h = await startWithAddon()
    const { text } = await tokenOf(h, ['read', 'keyring'], { lifeMs: 2 * HOUR })
    expect(await useToken(h.deps, text)).toMatchObject({
      outcome: 'active',
      token: { resourceId: h.addon.id, scopes: ['read', 'keyring'], email: 'ann@example.com' },
    })
    h.clock.advance(2 * HOUR - SECOND)
    expect(await outcomeOf(h, text)).toBe('active')
    h.clock.advance(SECOND)
    expect(await outcomeOf(h, text)).toBe('over')
  })

  test('stands in the database by its digest alone', async () => {
    const h = await startWithAddon()
    const { text } = await tokenOf(h, ['read'])
    const row = JSON.stringify(await rowsOf(h))
    expect(row).not.toContain(text.slice(24, -8))
    expect(row).toContain('"name":"ci"')
  })

  test('of another text with the same id is none', async () => {
    const h = await startWithAddon()
    const { id } = await tokenOf(h, ['read'])
    const guessed = bearerText('api', Buffer.from(id, 'hex'), new Uint8Array(32))
    expect(await outcomeOf(h, guessed)).toBe('absent')
    expect(await outcomeOf(h, 'sk_api_')).toBe('malformed')
  })

  test('whose row somebody changed or wrote is none', async () => {
    const h = await startWithAddon()
    const { text, id } = await tokenOf(h, ['read'])
    await h.deps.db.updateTable('api_tokens').set({ scopes: 'read,revoke' }).where('id', '=', id).execute()
    expect(await outcomeOf(h, text)).toBe('forged')
    expect((await readTokens(h.deps, h.addon.id)).tokens).toEqual([])
    const times = { createdAt: h.clock.now(), expiresAt: new Date(h.clock.now().getTime() + DAY) }
    const facts = {
      resourceId: h.addon.id,
      name: 'x',
      scopes: ['revoke'] as const,
      userId: null,
      email: null,
    }
    const eve = bearerText('api', new Uint8Array(8).fill(9), new Uint8Array(32))
    const other = createMacs([createLocalKek('k1', new Uint8Array(32).fill(9))])
    await insertToken(h.deps.db, await newToken({ macs: other }, eve, { ...facts, ...times }))
    expect(await outcomeOf(h, eve)).toBe('forged')
  })

  test('is told that its add-on was removed', async () => {
    const h = await startWithAddon()
    const { text } = await tokenOf(h, ['read'])
    await deprovision(h.deps, { resourceId: h.addon.id })
    expect(await outcomeOf(h, text)).toBe('gone')
  })

  test('has the time of its last use written once a minute at the most', async () => {
    const h = await startWithAddon()
    const { text, id } = await tokenOf(h, ['read'])
    const versions: unknown[] = []
    const lastUsed = async () => {
      const [row] = await h.deps.db
        .selectFrom('api_tokens')
        .select(['last_used_at', (eb) => eb.ref('xmin' as 'id').as('xmin')])
        .execute()
      versions.push(row?.xmin)
      return row?.last_used_at
    }
    expect(await lastUsed()).toBeNull()
    const first = h.clock.now()
    await useToken(h.deps, text)
    expect(await lastUsed()).toEqual(first)
    h.clock.advance(MINUTE - SECOND)
    await Promise.all([useToken(h.deps, text), useToken(h.deps, text)])
    expect(await lastUsed()).toEqual(first)
    // Of requests that come at once, too: what the first has noted, the others leave as it is.
    for (let at = 0; at < 2; at += 1) await touchToken(h.deps.db, id, MINUTE)
    await lastUsed()
    expect(new Set(versions.slice(1)).size).toBe(1)
    h.clock.advance(SECOND)
    await useToken(h.deps, text)
    expect(await lastUsed()).toEqual(h.clock.now())
  })

  test('is one of fifty at the most, and one that has expired counts no more', async () => {
    const h = await startWithAddon()
    for (let made = 0; made < 50; made += 1) await tokenOf(h, ['read'], { lifeMs: DAY })
    await expect(tokenOf(h, ['read'])).rejects.toThrow('too-many')
    h.clock.advance(DAY)
    await tokenOf(h, ['read'])
    expect(await rowsOf(h)).toHaveLength(1)
  })

  test('that is made or ended stands in the history, without its text', async () => {
    const h = await startWithAddon()
    const { id, text } = await tokenOf(h, ['rotate'], { name: 'deploy' })
    await tokenOf(h, ['read'], { name: 'watch' })
    expect(await endTokens(h.deps, { resourceId: h.addon.id, actor: ANN, id })).toBe(1)
    expect(await endTokens(h.deps, { resourceId: h.addon.id, actor: ANN, id })).toBe(0)
    expect(await endTokens(h.deps, { resourceId: h.addon.id, actor: ANN })).toBe(1)
    const rows = (await historyOf(h.deps, h.addon.id)).slice(-4)
    expect(rows).toMatchObject([
      { kind: 'token-made', details: { token: id, name: 'deploy', scopes: 'rotate' } },
      { kind: 'token-made' },
      { kind: 'tokens-ended', details: { tokens: 1, ended: `deploy (${id})` } },
      { kind: 'tokens-ended', details: { tokens: 1 } },
    ])
    expect(JSON.stringify(rows)).not.toContain(text.slice(24))
    expect(await outcomeOf(h, text)).toBe('absent')
  })

  test('of another resource is not ended with the ones of this', async () => {
    const h = await startWithAddon()
    const other = await h.heroku.customer.createAddon({ app: 'service-1', plan: 'daily', name: 'other-1' })
    const { text, id } = await tokenOf(h, ['read'], { resourceId: other.id })
    await endTokens(h.deps, { resourceId: h.addon.id, actor: ANN })
    await endTokens(h.deps, { resourceId: h.addon.id, actor: ANN, id })
    expect(await outcomeOf(h, text)).toBe('active')
  })
})

describe('a revoke', () => {
  test('ends the tokens that may read keys, and says which', async () => {
    const h = await startWithAddon()
    const reader = await tokenOf(h, ['read', 'keyring'], { name: 'reader' })
    const rotator = await tokenOf(h, ['rotate'])
    await revokeKeys(h.deps, { resourceId: h.addon.id, actor: ANN })
    expect(await outcomeOf(h, reader.text)).toBe('absent')
    expect(await outcomeOf(h, rotator.text)).toBe('active')
    expect((await historyOf(h.deps, h.addon.id)).at(-1)).toMatchObject({
      kind: 'keys-revoked',
      details: { tokensEnded: `reader (${reader.id})` },
    })
  })

  test('that joins one under way ends those made since', async () => {
    const h = await startWithAddon()
    await revokeKeys(h.deps, { resourceId: h.addon.id, actor: ANN })
    const { text } = await tokenOf(h, ['keyring'])
    await revokeKeys(h.deps, { resourceId: h.addon.id, actor: ANN })
    expect(await outcomeOf(h, text)).toBe('absent')
    expect((await historyOf(h.deps, h.addon.id)).at(-1)?.kind).toBe('tokens-ended')
  })

  test('keeps them when whoever revokes wants it so', async () => {
    const h = await startWithAddon()
    const { text } = await tokenOf(h, ['keyring'])
    await revokeKeys(h.deps, { resourceId: h.addon.id, actor: ANN, keepTokens: true })
    expect(await outcomeOf(h, text)).toBe('active')
  })
})

describe('sealing keys', () => {
  test('that are listed verify a token; one that was removed ends it', async () => {
    const h = await startWithAddon()
    const { text } = await tokenOf(h, ['read'])
    expect(await outcomeOf(h, text, withKeks(h, [K2, K1]))).toBe('active')
    expect(await outcomeOf(h, text, withKeks(h, [K2]))).toBe('over')
  })

  test('may be removed after a rewrap without ending a token; what was forged stays forged', async () => {
    const h = await startWithAddon()
    const { text } = await tokenOf(h, ['read'])
    const { text: raised, id } = await tokenOf(h, ['read'])
    await h.deps.db.updateTable('api_tokens').set({ scopes: 'revoke' }).where('id', '=', id).execute()
    expect(await rewrapTokens(withKeks(h, [K2, K1]))).toBe(1)
    expect(await rewrapTokens(withKeks(h, [K2, K1]))).toBe(0)
    expect(await outcomeOf(h, text, withKeks(h, [K2]))).toBe('active')
    expect(await outcomeOf(h, raised, withKeks(h, [K2, K1]))).toBe('forged')
    expect(readBearer(text)?.id).toHaveLength(16)
  })

  test('that leaked end every token of the add-ons that they could open, also those made anew since', async () => {
    const h = await startWithAddon()
    const { id } = await tokenOf(h, ['read'])
    const deps = { ...withKeks(h, [K2, K1]), sealing: createSealing([K2, K1], h.deps.random) }
    expect(await rewrapTokens(deps)).toBe(1)
    await renewDataKeys(deps)
    expect(await rowsOf(h)).toEqual([])
    expect((await historyOf(h.deps, h.addon.id)).at(-1)).toMatchObject({
      kind: 'data-key-renewed',
      details: { tokensEnded: `ci (${id})` },
    })
  })

  test('that leaked leave no token of theirs to an add-on which they could never open', async () => {
    const h = await startWithAddon()
    const deps = { ...withKeks(h, [K2, K1]), sealing: createSealing([K2, K1], h.deps.random) }
    const { resourceId } = await provisionResource(deps, provisionRequest())
    await tokenOf(h, ['keyring'], { resourceId })
    const { text } = await tokenOf({ ...h, deps }, ['read'], { resourceId })
    await renewDataKeys(deps)
    expect(await rowsOf(h)).toHaveLength(1)
    expect(await outcomeOf(h, text, deps)).toBe('active')
  })
})
