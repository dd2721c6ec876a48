import { expect, test } from 'vitest'
import { currentVersion, pendingFiller, pendingVersion, secondVersion } from '../../src/domain/keyset.ts'
import { keyVersion } from './support/key-version.ts'

const keyset = [
  keyVersion(3, 'previous'),
  keyVersion(7, 'pending', { filler: true }),
  keyVersion(5, 'current'),
  keyVersion(1, 'retired'),
  keyVersion(6, 'pending'),
  keyVersion(4, 'previous'),
]

test('each version of a keyset is found by its stage, in whatever order they come', () => {
  for (const order of [keyset, keyset.toReversed()]) {
    expect(currentVersion(order).version).toBe(5)
    expect(pendingVersion(order)?.version).toBe(6)
    expect(pendingFiller(order)?.version).toBe(7)
  }
})

test('the second place holds the youngest accepted version', () => {
  expect(secondVersion(keyset).version).toBe(4)
  expect(secondVersion(keyset.toReversed()).version).toBe(4)
})

test('a filler that is younger than the current key holds the second place', () => {
  const filled = [
    keyVersion(4, 'previous'),
    keyVersion(5, 'current'),
    keyVersion(6, 'previous', { filler: true }),
  ]
  expect(secondVersion(filled).version).toBe(6)
})

test('a keyset without a current or an accepted version is a broken promise, not an answer', () => {
  expect(() => currentVersion([keyVersion(1, 'previous')])).toThrow()
  expect(() => secondVersion([keyVersion(2, 'current'), keyVersion(1, 'retired')])).toThrow()
})
