import Cookies from 'cookies'
import fc from 'fast-check'
import Koa from 'koa'
import { describe, expect, test } from 'vitest'
import { cookieOf, withoutCookie } from '../../../clients/node/src/adapters/cookie-header.ts'
import { keyring } from '../../../clients/node/src/index.ts'
import { createAddon } from './support/published.ts'

const ring = keyring(createAddon().provision())
/** As a caller without types does it. */
const call = (name: string, ...args: unknown[]) => {
  const method: unknown = Reflect.get(ring, name)
  if (typeof method !== 'function') throw new Error(`there is no ${name}`)
  return method(...args)
}

describe('an adapter that is called wrongly says what is wrong, at the start', () => {
  const library = () => () => {}
  test.each<[string, unknown[], string]>([
    ['cookieSession', [], 'library'],
    ['cookieSession', [{}], 'library'],
    ['cookieSession', [library, 'x'], 'options'],
    ['cookieSession', [library, null], 'options'],
    ['expressSession', [null], 'options'],
    ['koa', [], 'app'],
    ['koa', [null], 'app'],
    ['koa', [{}], 'app'],
    ['koa', [new Koa(), null], 'options'],
    ['koa', [new Koa(), { login: { maxAge: 1 } }], 'login'],
    ['koa', [new Koa(), { renew: 'login' }], 'renew'],
    ['koa', [new Koa(), { renew: { login: 1 } }], 'renew'],
    ['koaSession', [], 'library'],
    ['koaSession', [library, {}, {}], 'app'],
    ['ironSession', [null], 'options'],
    ['jwt', [null], 'options'],
    ['jwt', ['1h'], 'options'],
    ['jwt', [{ expires: '1h' }], 'expires'],
    ['authJs', [null], 'options'],
    ['authJs', [{ maxage: 60 }], 'maxage'],
    ['liveSecrets', ['12h'], 'options'],
    ['secrets', [{ maxAge: 60 }], 'maxAge'],
    ['secretBuffers', [60], 'options'],
    ['authJs', [{ version: 4 }], 'version'],
    ['authJs', [{ version: {} }], 'version'],
    ['oidcProvider', [], 'library'],
    ['oidcProvider', [class {}, 'https://a', null], 'options'],
  ])('%s with %j', (name, args, place) => {
    expect(() => call(name, ...args)).toThrow(expect.objectContaining({ code: 'bad-option', place }))
  })

  test.each(['fastifyCookie', 'secureSession'])('%s with what is no plugin', (name) => {
    for (const plugin of [undefined, null, {}, () => {}]) {
      expect(() => call(name, plugin)).toThrow(expect.objectContaining({ code: 'unsafe-framework' }))
    }
  })

  test.each(['jwt', 'authJs'])('%s with a life that is none', (name) => {
    for (const life of [0, -1, 1.5, Number.NaN, 'forever', {}, null]) {
      const option = name === 'jwt' ? { expiresIn: life } : { maxAge: life }
      expect(() => call(name, option)).toThrow(expect.objectContaining({ code: 'bad-life' }))
    }
  })
})

describe('whatever it is given,', () => {
  const { keys } = ring.koa(new Koa())
  const anything = fc.oneof(fc.anything(), fc.string(), fc.string({ maxLength: 27, minLength: 27 }))

  test('a signature that nobody has made is none, and nothing is thrown', () => {
    fc.assert(
      fc.property(anything, anything, (data, signature) => {
        const odd = keys as { verify: (...args: unknown[]) => boolean; index: (...args: unknown[]) => number }
        expect([odd.verify(data, signature), odd.index(data, signature)]).toEqual([false, -1])
      }),
    )
  })

  test('a key for a token is one of the ring', () => {
    const jwt = ring.jwt()
    fc.assert(
      fc.property(anything, (token) => {
        expect(jwt.keyOf(token)).toBe(jwt.signing().key)
      }),
    )
  })

  test('getKey and keyFor return no key', () => {
    const jwt = ring.jwt()
    fc.assert(
      fc.property(anything, anything, (header, token) => {
        expect(() => jwt.getKey(header as never, token)).toThrow(
          expect.objectContaining({ name: 'SecureKeyError' }),
        )
        const told: unknown[] = []
        jwt.keyFor(header as never, (error, key) => told.push(error, key))
        expect(told).toEqual([expect.objectContaining({ name: 'SecureKeyError' }), undefined])
      }),
    )
  })
})

describe('a cookie header', () => {
  const part = fc.constantFrom(
    'a=1',
    'a="2"',
    'a=',
    'a',
    ' a=3',
    '\ta=4',
    'a.sig=5',
    'b=a=6',
    '"',
    '',
    ' ',
    'A=7',
  )
  const headers = fc.array(part, { maxLength: 6 }).map((parts) => parts.join(';'))
  const names = fc.constantFrom('a', 'a.sig', 'b', 'a(')

  test('is read as the package cookies reads it', () => {
    fc.assert(
      fc.property(headers, names, (cookie, name) => {
        const cookies = new Cookies({ headers: { cookie } } as never, {} as never)
        expect(cookieOf(cookie, name)).toBe(cookies.get(name))
      }),
    )
  })

  test('from which a cookie is taken has all others as they were', () => {
    fc.assert(
      fc.property(headers, names, (cookie, name) => {
        const left = withoutCookie(cookie, name)
        expect(cookieOf(left, name)).toBeUndefined()
        for (const other of ['a', 'a.sig', 'b', 'A']) {
          if (other !== name) expect(cookieOf(left, other)).toBe(cookieOf(cookie, other))
        }
      }),
    )
  })
})
