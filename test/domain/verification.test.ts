import { expect, test } from 'vitest'
import { fingerprint, keyDigest } from '../../src/domain/key.ts'
import type { Stage } from '../../src/domain/keyset.ts'
import { isAccepted, type RecognisableVersion, verifyKey } from '../../src/domain/verification.ts'
import { keyVersion } from './support/key-version.ts'

const keyOf = (version: number) => version.toString(16).toUpperCase().padStart(64, 'A')

function known(version: number, stage: Stage, more: Partial<RecognisableVersion> = {}): RecognisableVersion {
  const key = keyOf(version)
  const digest = stage === 'retired' ? null : keyDigest(key)
  return { ...keyVersion(version, stage, { fingerprint: fingerprint(key) }), digest, ...more }
}

const keyset = [known(1, 'retired'), known(2, 'previous'), known(3, 'current'), known(4, 'pending')]

test.each([
  ['pending', 4, true],
  ['current', 3, true],
  ['previous', 2, true],
  ['retired', 1, false],
] as const)(
  'the %s key, version %i, is known as such; that it is accepted is %s',
  (outcome, version, accepted) => {
    const verification = verifyKey(keyset, keyOf(version))
    expect(verification).toEqual({ outcome, version })
    expect(isAccepted(verification)).toBe(accepted)
  },
)

test('a key that the resource never had is unknown and not accepted', () => {
  const verification = verifyKey(keyset, keyOf(99))
  expect(verification).toEqual({ outcome: 'unknown' })
  expect(isAccepted(verification)).toBe(false)
})

test.each(['', 'not a key', keyOf(3).toLowerCase(), `${keyOf(3)},${keyOf(2)}`, `${keyOf(3)} `])(
  'what is not a key at all is unknown: %o',
  (text) => {
    expect(verifyKey([...keyset, known(10, 'current')], text)).toEqual({ outcome: 'unknown' })
  },
)

test.each(['pending', 'current', 'previous'] as const)(
  'a revoked key is not accepted although it is %s',
  (stage) => {
    const revoked = [known(5, stage, { revokedAt: new Date('2026-03-03T12:00:00Z') })]
    const verification = verifyKey(revoked, keyOf(5))
    expect(verification).toEqual({ outcome: 'retired', version: 5 })
    expect(isAccepted(verification)).toBe(false)
  },
)

test('an empty keyset knows no key', () => {
  expect(verifyKey([], keyOf(1))).toEqual({ outcome: 'unknown' })
})

test('the filler in the second place is accepted like the key it stands for', () => {
  expect(verifyKey([known(2, 'previous', { filler: true })], keyOf(2))).toEqual({
    outcome: 'previous',
    version: 2,
  })
})
