import { createSecretKey, type KeyObject } from 'node:crypto'
import type { RequestListener } from 'node:http'
import { jwtVerify, SignJWT, UnsecuredJWT } from 'jose'
import { describe, expect, test } from 'vitest'
import { type Keyring, keyring } from '../../../clients/node/src/index.ts'
import { type App, useFormation } from './support/formation.ts'
import { testHalfRestarted } from './support/half-restarted.ts'
import { testOddCookies } from './support/odd-cookies.ts'
import { createAddon } from './support/published.ts'
import { testRotations } from './support/rotations.ts'
import { tokenListener } from './support/token-listener.ts'

const create = (): App => (ring) => listen(ring, true)
const createWithoutKid = (): App => (ring) => listen(ring, false)

testRotations('jose', create, 'never-renews')
testRotations('jose, for tokens without a key id', createWithoutKid, 'never-renews')
testHalfRestarted('jose', create, 'leaves-alone')
testHalfRestarted('jose, for tokens without a key id', createWithoutKid, 'leaves-alone')
testOddCookies('jose', create)

describe('jose: the secret of tokens for a purpose', () => {
  const { value, keyringValue } = createAddon().provision()
  const ring = keyring({ value, keyringValue })
  const jwt = ring.jwt({ purpose: 'login' })
  const tokenOf = async () => {
    const { header, key } = jwt.signing()
    return await new SignJWT({ sub: 'alice' }).setProtectedHeader(header).sign(key)
  }

  test('is what derive returns, for the key that kid names', async () => {
    const token = await tokenOf()
    const { kid } = jwt.signing().header
    expect((await jwtVerify(token, ring.derive('login', { kid }))).payload.sub).toBe('alice')
    expect((await jwtVerify(token, jwt.getKey)).payload.sub).toBe('alice')
  })

  test('is worth nothing for another purpose, or for none', async () => {
    const token = await tokenOf()
    for (const other of [ring.jwt({ purpose: 'reset' }), ring.jwt()]) {
      await expect(jwtVerify(token, other.getKey)).rejects.toThrow('signature verification failed')
    }
  })

  test('is found for a token without a key id too', async () => {
    const { key } = jwt.signing()
    const token = await new SignJWT({ sub: 'alice' }).setProtectedHeader({ alg: 'HS256' }).sign(key)
    expect((await jwtVerify(token, jwt.getKey)).payload.sub).toBe('alice')
  })

  test.each(['', ' ', 'a b', 'x'.repeat(101), 1, null, {}])('the purpose %j is refused', (purpose) => {
    expect(() => ring.jwt({ purpose: purpose as never })).toThrow(
      expect.objectContaining({ code: 'bad-purpose' }),
    )
  })
})

describe('jose: what getKey refuses', () => {
  useFormation()
  const { value, keyringValue } = createAddon().provision()
  const jwt = keyring({ value, keyringValue }).jwt()
  const [first = ''] = value.split(',')
  const sign = (header: object, key: KeyObject) =>
    new SignJWT({ sub: 'alice' }).setProtectedHeader({ alg: 'HS256', ...header }).sign(key)

  test('a key id that no accepted key has', async () => {
    const token = await sign({ kid: '00000000' }, createSecretKey(first, 'utf8'))
    await expect(jwtVerify(token, jwt.getKey)).rejects.toMatchObject({ code: 'unknown-key' })
  })

  test('a token without a key id that no accepted key has made', async () => {
    const token = await sign({}, createSecretKey('x'.repeat(64), 'utf8'))
    await expect(jwtVerify(token, jwt.getKey)).rejects.toMatchObject({ code: 'unknown-key' })
  })

  test.each(['HS384', 'HS512'])('%s, even of an accepted key', async (alg) => {
    const token = await sign({ alg, kid: jwt.signing().header.kid }, jwt.signing().key)
    await expect(jwtVerify(token, jwt.getKey)).rejects.toMatchObject({ code: 'bad-algorithm' })
  })

  test('a token that is not signed', async () => {
    const token = new UnsecuredJWT({ sub: 'alice' }).encode()
    await expect(jwtVerify(token, jwt.getKey)).rejects.toThrow()
  })

  test.each([undefined, null, 1, 'x', {}, { alg: 'none' }, { alg: 'HS256', kid: 7 }])(
    'the header %j',
    (header) => {
      expect(() => jwt.getKey(header as never, header)).toThrow(
        expect.objectContaining({ name: 'SecureKeyError' }),
      )
    },
  )
})

function listen(ring: Keyring, withKid: boolean): RequestListener {
  const jwt = ring.jwt({ expiresIn: '7d', ...(withKid && { purpose: 'login' }) })
  return tokenListener({
    make: async (user) => {
      const { header, key } = jwt.signing()
      return await new SignJWT({ sub: user })
        .setProtectedHeader(withKid ? header : { alg: header.alg })
        .setIssuedAt()
        .setExpirationTime(`${jwt.expiresIn}s`)
        .sign(key)
    },
    read: async (token) => (await jwtVerify(token, jwt.getKey)).payload.sub,
  })
}
