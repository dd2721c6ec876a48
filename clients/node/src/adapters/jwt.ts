import { createHmac, createSecretKey, type KeyObject, timingSafeEqual } from 'node:crypto'
import { badPurpose, deriveKey, isPurpose } from '../derived-key.ts'
import type { Life } from '../life.ts'
import { namedOptions } from '../named-options.ts'
import type { Key } from '../secure-key.ts'
import { SecureKeyError } from '../secure-key-error.ts'
import { showAs } from '../shown.ts'
import type { RingKeys } from './ring-keys.ts'
import { signing as firstOf } from './signatures.ts'

/** What signs a token now: the header that names the key, and the key. */
export type JwtSigning = { header: { alg: 'HS256'; typ: 'JWT'; kid: string }; key: KeyObject }

/** The header of a token that somebody else made. */
type JwtHeader = { alg?: string | undefined; kid?: string | undefined }

/**
 * The keys of the ring for libraries of JSON Web Tokens: HS256, with the key named by its key id. It is what `derive` returns
 * for the purpose; without one it is the text of the key itself, as in tokens that are made by hand.
 */
export type Jwt = {
  /** The life that was stated, in whole seconds; the guaranteed one if none was. */
  readonly expiresIn: number
  /** Ask anew for each token: header and key belong together. */
  signing: () => JwtSigning
  /**
   * For `jwtVerify(token, getKey)` of jose. A token without a key id gets the key that made it. Throws `unknown-key`, and
   * `bad-algorithm` for any other than HS256.
   */
  getKey: (header: JwtHeader, token?: unknown) => KeyObject
  /** For `verify(token, keyFor)` of jsonwebtoken. Pin `algorithms: ['HS256']` as well. Needs a key id in the header. */
  keyFor: (header: JwtHeader, callback: (error: Error | null, key?: KeyObject) => void) => void
  /** For `verify(token, keyOf(token))` of jsonwebtoken, also for tokens without a key id. Never throws. */
  keyOf: (token: unknown) => KeyObject
}

/**
 * Throws `bad-purpose`, and `life-too-long` for tokens that may outlive their key. With a purpose nothing else that the keys
 * sign is ever a token: HS256 does not say what it signs, and neither do the cookies of some packages.
 */
export function jwt(keys: RingKeys, options?: { expiresIn?: Life; purpose?: string }): Jwt {
  const { expiresIn, purpose } = namedOptions(options, ['expiresIn', 'purpose'])
  if (purpose !== undefined && !isPurpose(purpose)) throw badPurpose()
  const lifeS = keys.lifeOf(expiresIn)
  const objects = new WeakMap<Key, KeyObject>()
  const objectOf = (key: Key) => {
    const made = objects.get(key) ?? secretOf(key, purpose)
    objects.set(key, made)
    return made
  }
  const find = (header: unknown, signed: () => string | undefined, mac: unknown): Key => {
    const { alg, kid } = recordOf(header)
    if (alg !== 'HS256') throw new SecureKeyError('bad-algorithm', 'Only tokens of HS256 are accepted')
    const list = keys.list(lifeS)
    const found =
      kid === undefined
        ? list.find((key) => isMac(signed(), mac, objectOf(key)))
        : list.find((key) => key.kid === kid)
    if (!found) {
      keys.unknownKid(kid)
      throw new SecureKeyError('unknown-key', 'No accepted key has made this token')
    }
    return found
  }
  const made: Jwt = {
    expiresIn: lifeS,
    signing: () => {
      const key = firstOf(keys.list(lifeS))
      return { header: { alg: 'HS256', typ: 'JWT', kid: key.kid }, key: objectOf(key) }
    },
    getKey: (header, token) => {
      const { protected: head, payload, signature } = recordOf(token)
      return objectOf(find(header, () => join(head, payload), signature))
    },
    keyFor: (header, callback) => {
      let key: KeyObject
      try {
        key = objectOf(find(header, () => undefined, undefined))
      } catch (error) {
        callback(error instanceof Error ? error : new Error('unknown'))
        return
      }
      callback(null, key)
    },
    keyOf: (token) => {
      const [head, payload, mac] = typeof token === 'string' ? token.split('.', 4) : []
      try {
        return objectOf(find(headerOf(head), () => join(head, payload), mac))
      } catch {
        // Verification fails with it, as it must.
        return objectOf(firstOf(keys.list(lifeS)))
      }
    },
  }
  return Object.freeze(showAs(made, 'Jwt', () => ({ expiresIn: lifeS, kid: firstOf(keys.list(lifeS)).kid })))
}

function secretOf({ text, bytes }: Key, purpose: string | undefined): KeyObject {
  return purpose === undefined
    ? createSecretKey(text, 'utf8')
    : createSecretKey(deriveKey(bytes, purpose, 32))
}

function isMac(signed: string | undefined, mac: unknown, key: KeyObject): boolean {
  if (signed === undefined || typeof mac !== 'string') return false
  const expected = createHmac('sha256', key).update(signed).digest()
  const given = Buffer.from(mac, 'base64url')
  return given.length === expected.length && timingSafeEqual(given, expected)
}

function join(head: unknown, payload: unknown): string | undefined {
  return typeof head === 'string' && typeof payload === 'string' ? `${head}.${payload}` : undefined
}

function headerOf(text: string | undefined): unknown {
  return JSON.parse(Buffer.from(text ?? '', 'base64url').toString())
}

function recordOf(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {}
}
