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
  const jwt = ring.jwt({ expiresIn: '7d' })
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
