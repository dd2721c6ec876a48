import { createHmac, timingSafeEqual } from 'node:crypto'
import { showAs } from '../shown.ts'
import type { RingKeys } from './ring-keys.ts'

/** Of a key that signs now or later, of an older one, so that it is to be signed again, or of none that is accepted. */
export type Standing = 'good' | 'old' | 'unknown'

export type Signatures = {
  sign: (data: string) => string
  /** Never throws, whatever it is given. */
  judge: (data: unknown, signature: unknown) => Standing
}

/** Of 20 bytes in Base64 without padding. */
const SHA1_LENGTH = 27

/** What the packages `cookies` and `koa` ask of a Keygrip. */
export type KeygripLike = {
  sign: (data: string) => string
  verify: (data: string, signature: string) => boolean
  index: (data: string, signature: string) => number
}

/**
 * Signatures as `new Keygrip(keys, 'sha256')` makes them, over the keys of this moment. Those of SHA-1, its default, are
 * accepted too, so that logins outlive the change from lines by hand.
 */
export function createSignatures(keys: RingKeys): Signatures {
  return {
    sign: (data) => signatureOf(data, signing(keys.list()).text, 'sha256'),
    judge: (data, signature) => {
      if (typeof data !== 'string' || typeof signature !== 'string') return 'unknown'
      const list = keys.list()
      const algorithm = signature.length === SHA1_LENGTH ? 'sha1' : 'sha256'
      // All are compared, so that the time does not tell which key it was.
      const made = list.filter(({ text }) => isSame(signatureOf(data, text, algorithm), signature))[0]
      if (!made) return 'unknown'
      return keys.isOlder(made, signing(list)) ? 'old' : 'good'
    },
  }
}

/**
 * For `cookies`, which signs only the signature anew when a key other than the first made it, and so loses the age, domain
 * and path of that half (pillarjs/cookies#22). Every accepted key is said to be the first: nothing is renewed by half.
 */
export function keygripOf({ sign, judge }: Signatures): KeygripLike {
  const verify = (data: string, signature: string) => judge(data, signature) !== 'unknown'
  const index = (data: string, signature: string) => (verify(data, signature) ? 0 : -1)
  return showAs({ sign, verify, index }, 'Signatures', () => ({}))
}

/** The key that signs is the first of the list, which is never empty. */
export function signing<T>(list: readonly T[]): T {
  const [first] = list
  if (first === undefined) throw new RangeError('a list of keys is never empty')
  return first
}

function signatureOf(data: string, text: string, algorithm: 'sha1' | 'sha256'): string {
  return createHmac(algorithm, text).update(data).digest('base64url')
}

function isSame(expected: string, given: string): boolean {
  const [a, b] = [Buffer.from(expected), Buffer.from(given)]
  return a.length === b.length && timingSafeEqual(a, b)
}
