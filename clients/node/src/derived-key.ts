import { hkdfSync } from 'node:crypto'
import { SecureKeyError } from './secure-key-error.ts'

const PURPOSE = /^[A-Za-z0-9._:/-]{1,100}$/
const SHORTEST_BYTES = 16
const LONGEST_BYTES = 64

/** Whether it names a purpose: 1 to 100 characters of `A-Z a-z 0-9 . _ : / -`. */
export function isPurpose(value: unknown): value is string {
  return typeof value === 'string' && PURPOSE.test(value)
}

/** A key for one purpose, so that what is made for one use is worth nothing for another. Throws `bad-purpose`, `bad-length`. */
export function deriveKey(bytes: Buffer, purpose: unknown, length: unknown): Buffer {
  if (!isPurpose(purpose)) throw badPurpose()
  if (
    typeof length !== 'number' ||
    !Number.isInteger(length) ||
    length < SHORTEST_BYTES ||
    length > LONGEST_BYTES
  ) {
    throw new SecureKeyError('bad-length', `A derived key has ${SHORTEST_BYTES} to ${LONGEST_BYTES} bytes`)
  }
  return expand(bytes, `securekey/v1/${purpose}`, length)
}

/** The key of the tokens of one purpose. No derived key that an app asks for is ever one of these. */
export function tokenKey(bytes: Buffer, purpose: string): Buffer {
  return expand(bytes, `securekey/sk1/${purpose}`, 32)
}

export function badPurpose(): SecureKeyError {
  return new SecureKeyError('bad-purpose', 'A purpose is 1 to 100 characters of A-Z a-z 0-9 . _ : / -')
}

function expand(bytes: Buffer, info: string, length: number): Buffer {
  return Buffer.from(hkdfSync('sha256', bytes, '', info, length))
}
