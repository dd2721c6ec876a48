import type { RequestListener } from 'node:http'
import { exportJWK, generateKeyPair } from 'jose'
import Provider, { type Adapter, type AdapterPayload, type Configuration } from 'oidc-provider'
import { describe, expect, test } from 'vitest'
import { type Keyring, keyring } from '../../../clients/node/src/index.ts'
import { halfRestarted } from './support/by-hand.ts'
import { type App, useFormation } from './support/formation.ts'
import { testHalfRestarted } from './support/half-restarted.ts'
import { testOddCookies } from './support/odd-cookies.ts'
import { createAddon, DAY_MS } from './support/published.ts'
import { testRotations } from './support/rotations.ts'

const ISSUER = 'https://example.com'
const CLIENT = {
  client_id: 'app',
  redirect_uris: ['https://app.example.com/back'],
  token_endpoint_auth_method: 'none',
  id_token_signed_response_alg: 'ES256',
} as const
const { privateKey } = await generateKeyPair('ES256', { extractable: true })
const CONFIGURATION: Configuration = {
  jwks: { keys: [{ ...(await exportJWK(privateKey)), alg: 'ES256' }] },
  clients: [CLIENT],
  ttl: { Grant: (7 * DAY_MS) / 1_000 },
  features: { devInteractions: { enabled: false } },
  findAccount: (_context, accountId) => ({ accountId, claims: async () => ({ sub: accountId }) }),
  loadExistingGrant: async ({ oidc }) => {
    const accountId = oidc.session?.accountId
    if (!accountId) return undefined
    const grant = new oidc.provider.Grant({ clientId: CLIENT.client_id, accountId })
    grant.addOIDCScope('openid')
    await grant.save()
    return grant
  },
}

const create = (): App => {
  const adapter = createStore()
  return (ring) => listen(ring.oidcProvider(Provider, ISSUER, { ...CONFIGURATION, adapter }))
}

testRotations('oidc-provider', create, 'renews')
testHalfRestarted('oidc-provider', create, 'leaves-alone')
testOddCookies('oidc-provider', create)

describe('oidc-provider: the life of a session', () => {
  const { value, keyringValue } = createAddon().provision()
  const ring: Keyring = keyring({ value, keyringValue })
  const make = (ttl: NonNullable<Configuration['ttl']>, cookies: Configuration['cookies'] = {}) =>
    ring.oidcProvider(Provider, ISSUER, { ...CONFIGURATION, adapter: createStore(), ttl, cookies })

  test.each<[string, NonNullable<Configuration['ttl']>, Configuration['cookies'], string]>([
    ['longer than the guaranteed one', { Session: ring.guaranteedLife + 1 }, {}, 'life-too-long'],
    ['that is no number', { Session: () => 1 }, {}, 'bad-option'],
    ['beside keys of its own', {}, { keys: ['x'] }, 'bad-option'],
  ])('%s is refused', (_what, ttl, cookies, code) => {
    expect(() => make(ttl, cookies)).toThrow(expect.objectContaining({ code }))
  })

  test('that is shorter is taken', () => {
    expect(make({ Session: 3_600 })).toBeInstanceOf(Provider)
  })
})

describe('oidc-provider by hand, with cookies.keys of SECURE_KEY.split', () => {
  useFormation()
  const byHand = (): App => {
    const adapter = createStore()
    return (_ring, { value }) =>
      listen(
        new Provider(ISSUER, {
          ...CONFIGURATION,
          adapter,
          cookies: { keys: value.split(',') },
          ttl: { ...CONFIGURATION.ttl, Session: (7 * DAY_MS) / 1_000 },
        }),
      )
  }

  test('loses an old login for good that goes from a restarted process to one that is not', async () => {
    const { visitor, notRestarted, restarted } = await halfRestarted(byHand())
    expect(await visitor.visit(restarted)).toBe('alice')
    expect(await visitor.visit(notRestarted)).toBe('nobody')
    expect(await visitor.visit(restarted)).toBe('nobody')
  })
})

/** A login by session, and a visit that is an authorization without a prompt. */
function listen(provider: Provider): RequestListener {
  provider.proxy = true
  const long = { httpOnly: true, overwrite: true, sameSite: 'lax', signed: true } as const
  provider.use(async (context, next) => {
    const name = provider.cookieName('session')
    if (context.path === '/login') {
      const session = new provider.Session()
      session.loginAccount({ accountId: String(context.query.user) })
      await session.save((7 * DAY_MS) / 1_000)
      context.cookies.set(name, session.jti, { ...long, maxAge: 7 * DAY_MS })
      context.body = 'welcome'
    } else if (context.path === '/logout') {
      context.cookies.set(name, null, long)
      context.body = 'bye'
    } else {
      const asked = { client_id: 'app', response_type: 'code', scope: 'openid', prompt: 'none' }
      const challenge = { code_challenge: 'A'.repeat(43), code_challenge_method: 'S256' }
      context.url = `/auth?${new URLSearchParams({ ...asked, ...challenge })}`
      await next()
      const back = new URL(context.response.get('location'))
      context.remove('location')
      context.status = 200
      context.body = back.searchParams.has('code') ? context.oidc.session?.accountId : 'nobody'
    }
  })
  return provider.callback()
}

/** What all processes share: a database. Ends are judged by the provider. */
function createStore(): (name: string) => Adapter {
  const rows = new Map<string, AdapterPayload>()
  return (name) => ({
    upsert: async (id, payload) => void rows.set(`${name} ${id}`, payload),
    find: async (id) => rows.get(`${name} ${id}`),
    findByUid: async (uid) => [...rows.values()].find((row) => row.uid === uid),
    findByUserCode: async () => undefined,
    consume: async () => undefined,
    destroy: async (id) => void rows.delete(`${name} ${id}`),
    revokeByGrantId: async () => undefined,
  })
}
