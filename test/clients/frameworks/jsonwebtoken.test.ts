import type { RequestListener } from 'node:http'
import jsonwebtoken from 'jsonwebtoken'
import { describe, expect, test } from 'vitest'
import { type Keyring, keyring } from '../../../clients/node/src/index.ts'
import type { App } from './support/formation.ts'
import { testHalfRestarted } from './support/half-restarted.ts'
import { testOddCookies } from './support/odd-cookies.ts'
import { createAddon } from './support/published.ts'
import { testRotations } from './support/rotations.ts'
import { tokenListener } from './support/token-listener.ts'

type Verify = (token: string, jwt: ReturnType<Keyring['jwt']>) => Promise<string | undefined>

const ALGORITHMS = { algorithms: ['HS256' as const] }
const byCallback: Verify = (token, jwt) =>
  new Promise((resolve, reject) => {
    jsonwebtoken.verify(token, jwt.keyFor, ALGORITHMS, (error, payload) => {
      if (error) reject(error)
      else resolve(typeof payload === 'object' ? payload.sub : undefined)
    })
  })
const byToken: Verify = async (token, jwt) => {
  const payload = jsonwebtoken.verify(token, jwt.keyOf(token), ALGORITHMS)
  return typeof payload === 'object' ? payload.sub : undefined
}

const create = (): App => (ring) => listen(ring, byCallback, true)
const createWithoutKid = (): App => (ring) => listen(ring, byToken, false)

testRotations('jsonwebtoken with a callback', create, 'never-renews')
testRotations('jsonwebtoken, for tokens without a key id', createWithoutKid, 'never-renews')
testHalfRestarted('jsonwebtoken with a callback', create, 'leaves-alone')
testHalfRestarted('jsonwebtoken, for tokens without a key id', createWithoutKid, 'leaves-alone')
testOddCookies('jsonwebtoken with a callback', create)
testOddCookies('jsonwebtoken, for tokens without a key id', createWithoutKid)

describe('jsonwebtoken: keys', () => {
  const { value, keyringValue } = createAddon().provision()
  const ring = keyring({ value, keyringValue })
  const jwt = ring.jwt()

  test.each([
    ['not a text', 7],
    ['nothing', undefined],
    ['no token', 'x'],
    ['a header that is no JSON', 'x.y.z'],
    ['a header that is null', `${Buffer.from('null').toString('base64url')}.y.z`],
    ['another algorithm', `${Buffer.from('{"alg":"none"}').toString('base64url')}.e30.`],
  ])('for %s the key is one with which it cannot be verified, and nothing is thrown', (_what, token) => {
    expect(jwt.keyOf(token)).toBe(jwt.signing().key)
    expect(() => jsonwebtoken.verify(String(token), jwt.keyOf(token), ALGORITHMS)).toThrow()
  })

  test('a callback is told why there is no key', () => {
    const told: unknown[] = []
    jwt.keyFor({ alg: 'HS256' }, (error, key) => told.push(error, key))
    expect(told).toEqual([expect.objectContaining({ code: 'unknown-key' }), undefined])
  })

  test('a life beyond the guaranteed one is refused before any token is made', () => {
    expect(() => ring.jwt({ expiresIn: ring.guaranteedLife + 1 })).toThrow(
      expect.objectContaining({ code: 'life-too-long' }),
    )
    expect(ring.jwt({ expiresIn: '2h' }).expiresIn).toBe(7_200)
    expect(jwt.expiresIn).toBe(ring.guaranteedLife)
  })
})

describe('jsonwebtoken by hand, with the first key only', () => {
  test('refuses after a rotation what was signed before it', () => {
    const addon = createAddon()
    const [before = ''] = addon.provision().value.split(',')
    const [after = ''] = addon.rotate().value.split(',')
    expect(() => jsonwebtoken.verify(jsonwebtoken.sign({}, before), after)).toThrow('invalid signature')
  })
})

function listen(ring: Keyring, verify: Verify, withKid: boolean): RequestListener {
  const jwt = ring.jwt({ expiresIn: '7d' })
  return tokenListener({
    make: async (user) => {
      const { header, key } = jwt.signing()
      const options = { expiresIn: jwt.expiresIn, ...(withKid && { header }) }
      return jsonwebtoken.sign({ sub: user }, key, options)
    },
    read: async (token) => await verify(token, jwt),
  })
}
