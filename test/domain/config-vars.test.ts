import fc from 'fast-check'
import { expect, test } from 'vitest'
import { parseSecureKeyValue, secureKeyValue } from '../../src/domain/config-vars.ts'
import { keyFromBytes } from '../../src/domain/key.ts'

const anyKey = fc.uint8Array({ minLength: 32, maxLength: 32 }).map(keyFromBytes)
const A = 'A'.repeat(64)
const B = 'B'.repeat(64)

test('a value is 129 characters: two keys, one comma, no space, and splits into the same two', () => {
  fc.assert(
    fc.property(anyKey, anyKey, (first, second) => {
      const value = secureKeyValue(first, second)
      expect(value).toMatch(/^[0-9A-F]{64},[0-9A-F]{64}$/)
      expect(value.split(',')).toEqual([first, second])
      expect(parseSecureKeyValue(value)).toEqual({ first, second })
    }),
  )
})

test.each([
  ['an empty first key', '', B],
  ['an empty second key', A, ''],
  ['a second key in lower case', A, B.toLowerCase()],
  ['a value in place of a key', `${A},${B}`, B],
])('%s is never written into a value', (_what, first, second) => {
  expect(() => secureKeyValue(first, second)).toThrow(RangeError)
})

test('the refusal to write a value does not quote the key', () => {
  expect(() => secureKeyValue(A, 'not a key')).toThrow(/^(?!.*A{64}).*$/)
})

test.each([
  ['one key', A],
  ['three keys', `${A},${B},${A}`],
  ['a space behind the comma', `${A}, ${B}`],
  ['a trailing comma', `${A},${B},`],
  ['a semicolon', `${A};${B}`],
  ['nothing', ''],
])('%s is not read as a value', (_what, value) => {
  expect(parseSecureKeyValue(value)).toBeUndefined()
})
