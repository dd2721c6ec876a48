import { createHash } from 'node:crypto'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { fingerprintOf, isKey, keyDigest, keyFromBytes } from '../../src/domain/key.ts'

const anyBytes = fc.uint8Array({ minLength: 32, maxLength: 32 })

test('a key is 32 bytes written as 64 upper-case hex digits', () => {
  const bytes = Uint8Array.from({ length: 32 }, (_, index) => index * 8)
  expect(keyFromBytes(bytes)).toBe('0008101820283038404850586068707880889098A0A8B0B8C0C8D0D8E0E8F0F8')
})

test('every 32 bytes make a key, and other bytes another key', () => {
  fc.assert(
    fc.property(anyBytes, anyBytes, (some, other) => {
      expect(isKey(keyFromBytes(some))).toBe(true)
      expect(keyFromBytes(some) === keyFromBytes(other)).toBe(Buffer.compare(some, other) === 0)
    }),
  )
})

test.each([0, 31, 33, 64])('%i bytes make no key', (length) => {
  expect(() => keyFromBytes(new Uint8Array(length))).toThrow(RangeError)
})

const KEY = 'F'.repeat(64)

test.each([
  ['63 digits', KEY.slice(1)],
  ['65 digits', `${KEY}F`],
  ['lower case', KEY.toLowerCase()],
  ['a letter that is no hex digit', `${KEY.slice(1)}G`],
  ['a line break behind it', `${KEY}\n`],
  ['a space before it', ` ${KEY}`],
  ['nothing', ''],
])('%s is not a key', (_what, text) => {
  expect(isKey(text)).toBe(false)
})

test('the digest is the SHA-256 of the key text, the fingerprint its first 8 hex digits', () => {
  const sha256 = createHash('sha256').update(KEY).digest('hex')
  expect(keyDigest(KEY).toString('hex')).toBe(sha256)
  expect(fingerprintOf(keyDigest(KEY))).toBe(sha256.slice(0, 8))
  expect(fingerprintOf(keyDigest(KEY))).toMatch(/^[0-9a-f]{8}$/)
})
