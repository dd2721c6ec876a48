import { createHash } from 'node:crypto'
import { SecureKeyError } from './secure-key-error.ts'

/** One key. Frameworks get its text or its 32 bytes; `kid`, its key id, is safe to show. */
export type Key = { kid: string; text: string; bytes: Buffer }

const KEY = /^[0-9A-F]{64}$/

/** Whether it is the text of one key: 64 digits, upper case. */
export function isKeyText(value: unknown): value is string {
  return typeof value === 'string' && KEY.test(value)
}

/** The key of a text for which `isKeyText` holds. */
export function keyOf(text: string): Key {
  const kid = createHash('sha256').update(text).digest('hex').slice(0, 8)
  return { kid, text, bytes: Buffer.from(text, 'hex') }
}

/**
 * The two keys of `SECURE_KEY`, the first one newer. Throws a `SecureKeyError` that names the variable and the part that is
 * wrong, and never its text. Nothing is trimmed or repaired: a key that is almost right would refuse what others sign.
 */
export function readSecureKey(text: string | undefined, variable: string): [Key, Key] {
  if (text === undefined || text === '')
    throw new SecureKeyError('missing', `${variable} is not set`, { variable })
  const [first, second, ...more] = text.split(',', 3)
  if (first === undefined || second === undefined || more.length > 0) {
    throw new SecureKeyError('not-two-keys', `${variable} is not two keys with one comma between them`, {
      variable,
    })
  }
  const wrong = [first, second].findIndex((part) => !isKeyText(part))
  if (wrong !== -1) {
    const place = wrong + 1
    throw new SecureKeyError('bad-key', `Key ${place} of ${variable} is not 64 digits 0-9A-F`, {
      variable,
      place,
    })
  }
  if (first === second) {
    throw new SecureKeyError('same-key-twice', `Both keys of ${variable} are the same`, {
      variable,
      place: 2,
    })
  }
  return [keyOf(first), keyOf(second)]
}
