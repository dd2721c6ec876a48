import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http'
import { inspect } from 'node:util'
import { getIronSession, type IronSession } from 'iron-session'
import { describe, expect, test } from 'vitest'
import { type Keyring, keyring } from '../../../clients/node/src/index.ts'
import { type App, pass, startProcess, useFormation } from './support/formation.ts'
import { testHalfRestarted } from './support/half-restarted.ts'
import { testOddCookies } from './support/odd-cookies.ts'
import { createAddon, DAY_MS } from './support/published.ts'
import { testRotations } from './support/rotations.ts'
import { createVisitor } from './support/visitor.ts'

type Data = { user?: string }

const create = (): App => (ring) => listen(optionsOf(ring), false)
const createSaving = (): App => (ring) => listen(optionsOf(ring), true)

testRotations('iron-session', create, 'never-renews')
testRotations('iron-session, if the app saves the session at each visit', createSaving, 'renews')
testHalfRestarted('iron-session', create, 'leaves-alone')
testHalfRestarted('iron-session, if the app saves the session at each visit', createSaving, 'leaves-alone')
testOddCookies('iron-session', create)

describe('iron-session: passwords', () => {
  useFormation()

  test('have the true versions, so that the same key has the same number in each process', async () => {
    const addon = createAddon()
    const visitor = createVisitor()
    const numberOf = () => visitor.jar.get('visit')?.value.split('*')[1]
    addon.provision()
    const numbers = []
    for (let rotation = 0; rotation < 3; rotation++) {
      pass(14 * DAY_MS)
      await visitor.login(await startProcess(create(), addon.rotate(), { settle: 0 }))
      numbers.push(numberOf())
    }
    // 2 is the filler of the beginning.
    expect(numbers).toEqual(['3', '4', '5'])
  })

  test('need SECURE_KEYRING: without it the app does not start', () => {
    const { value } = createAddon().provision()
    expect(() => keyring({ value }).ironSession({ cookieName: 'visit' })).toThrow(
      expect.objectContaining({ code: 'no-versions' }),
    )
  })

  test('are not shown when the options are printed or turned into JSON', () => {
    const { value, keyringValue } = createAddon().provision()
    const options = keyring({ value, keyringValue }).ironSession({ cookieName: 'visit' })
    const shown = [
      inspect(options, { depth: 9 }),
      JSON.stringify(options),
      inspect({ ...options }, { depth: 9 }),
    ]
    for (const key of value.split(',')) expect(shown.join()).not.toContain(key)
  })
})

describe('iron-session: the life of a seal', () => {
  const { value, keyringValue } = createAddon().provision()
  const ring = keyring({ value, keyringValue })

  test('is the guaranteed one unless the app states a shorter one', () => {
    expect(ring.ironSession({ cookieName: 'visit' }).ttl).toBe(ring.guaranteedLife)
    expect(ring.ironSession({ cookieName: 'visit', ttl: 3_600 }).ttl).toBe(3_600)
    expect(ring.ironSession({ cookieName: 'visit', ttl: '12h' }).ttl).toBe(43_200)
  })

  test.each<[string, object, string]>([
    ['a longer life', { ttl: ring.guaranteedLife + 1 }, 'life-too-long'],
    ['a life without an end', { ttl: 0 }, 'life-too-long'],
    [
      'maxAge undefined, which iron-session takes for no end',
      { cookieOptions: { maxAge: undefined } },
      'life-too-long',
    ],
    ['what is no life', { ttl: -1 }, 'bad-option'],
    ['a password beside the keys', { password: 'x'.repeat(40) }, 'bad-option'],
  ])('%s is refused', (_what, options, code) => {
    expect(() => ring.ironSession({ cookieName: 'visit', ...options })).toThrow(
      expect.objectContaining({ code }),
    )
  })
})

function optionsOf(ring: Keyring) {
  const cookieOptions = { domain: 'example.com', sameSite: 'lax' } as const
  return ring.ironSession({ cookieName: 'visit', cookieOptions })
}

function listen(options: ReturnType<typeof optionsOf>, saving: boolean): RequestListener {
  return async (request: IncomingMessage, response: ServerResponse) => {
    const url = new URL(request.url ?? '/', 'http://localhost')
    const session: IronSession<Data> = await getIronSession<Data>(request, response, options)
    if (url.pathname === '/login') {
      session.user = url.searchParams.get('user') ?? ''
      await session.save()
    }
    if (url.pathname === '/logout') session.destroy()
    if (url.pathname === '/' && saving && session.user) await session.save()
    response.end(session.user ?? 'nobody')
  }
}
