import type { RequestListener } from 'node:http'
import { hkdf } from '@panva/hkdf'
import { describe, expect, test } from 'vitest'
import { keyring } from '../../../clients/node/src/index.ts'
import { afterRotation } from './support/by-hand.ts'
import { type App, useFormation } from './support/formation.ts'
import { testHalfRestarted } from './support/half-restarted.ts'
import { testOddCookies } from './support/odd-cookies.ts'
import { createAddon } from './support/published.ts'
import { testRotations } from './support/rotations.ts'

type Credentials = { credentials: object; authorize: (given: { user?: unknown }) => object }

// Their types bring those of a browser, which would then be those of the whole repository. `types` compiles against them.
const load = async (name: string) => await import(name)
const { Auth }: { Auth: (request: Request, config: object) => Promise<Response> } = await load('@auth/core')
const credentials: { default: (options: Credentials) => object } = await load(
  '@auth/core/providers/credentials',
)

const ORIGIN = 'https://example.com'
const CONFIG = {
  basePath: '/auth',
  trustHost: true,
  logger: { error: () => {}, warn: () => {} },
  providers: [
    credentials.default({
      credentials: { user: {} },
      authorize: ({ user }) => ({ id: String(user), name: String(user) }),
    }),
  ],
}

const create = (): App => (ring) => listen({ ...CONFIG, ...ring.authJs() })

testRotations('Auth.js', create, 'renews')
testHalfRestarted('Auth.js', create, 'deletes')
testOddCookies('Auth.js', create)

describe('Auth.js: versions and lives', () => {
  const { value, keyringValue } = createAddon().provision()
  const ring = keyring({ value, keyringValue })

  test.each(['4.24.15', '4.0.0', '3.29.0', '0.23.0'])(
    'version %s knows one secret only and is refused',
    (version) => {
      expect(() => ring.authJs({ version })).toThrow(expect.objectContaining({ code: 'unsafe-framework' }))
    },
  )

  test.each(['5.0.0-beta.30', '6.0.0', '0.24.0', '0.41.3'])('version %s takes a list', (version) => {
    expect(ring.authJs({ version }).session.maxAge).toBe(ring.guaranteedLife)
  })

  test('what is no version is refused', () => {
    expect(() => ring.authJs({ version: 'latest' })).toThrow(expect.objectContaining({ code: 'bad-option' }))
  })

  test('a longer life than the guaranteed one is refused', () => {
    expect(() => ring.authJs({ maxAge: '30d' })).toThrow(expect.objectContaining({ code: 'life-too-long' }))
    expect(ring.authJs({ maxAge: '12h' }).session.maxAge).toBe(43_200)
  })

  test('next-auth 4, which derives its key from the secret as it is, fails loudly with a list', async () => {
    const { secret } = ring.authJs()
    await expect(
      hkdf('sha256', secret as never, '', 'NextAuth.js Generated Encryption Key', 32),
    ).rejects.toThrow()
  })
})

describe('Auth.js by hand', () => {
  useFormation()

  test('with the first key only, everybody is logged out at each rotation', async () => {
    const app: App = (_ring, { value }) => listen({ ...CONFIG, secret: value.slice(0, 64) })
    const { visitor, process } = await afterRotation(app)
    expect(await visitor.visit(process)).toBe('nobody')
  })
})

/** The routes of Auth.js behind those that all apps here have. */
function listen(config: object): RequestListener {
  return async (request, response) => {
    const url = new URL(request.url ?? '/', ORIGIN)
    const ask = (path: string, form?: Record<string, string>, cookie = request.headers.cookie ?? '') =>
      Auth(
        new Request(`${ORIGIN}/auth${path}`, {
          headers: { cookie, 'x-auth-return-redirect': '1' },
          ...(form && { method: 'POST', body: new URLSearchParams(form) }),
        }),
        { ...config },
      )
    const askWithForm = async (path: string, form: Record<string, string>) => {
      const csrf = await ask('/csrf')
      const own = csrf.headers.getSetCookie().map((cookie) => cookie.split(';', 1)[0])
      const cookies = [request.headers.cookie, ...own].filter(Boolean).join('; ')
      return await ask(
        path,
        { ...form, csrfToken: Reflect.get(Object(await csrf.json()), 'csrfToken') },
        cookies,
      )
    }
    if (url.pathname === '/login') {
      const answer = await askWithForm('/callback/credentials', { user: url.searchParams.get('user') ?? '' })
      response.setHeader('set-cookie', answer.headers.getSetCookie()).end('welcome')
    } else if (url.pathname === '/logout') {
      const answer = await askWithForm('/signout', {})
      response.setHeader('set-cookie', answer.headers.getSetCookie()).end('bye')
    } else {
      const answer = await ask('/session')
      response.setHeader('set-cookie', answer.headers.getSetCookie())
      const { user } = Object(await answer.json())
      response.end(user?.name ?? 'nobody')
    }
  }
}
