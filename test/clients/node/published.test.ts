import { expect, test } from 'vitest'
import { keyring } from '../../../clients/node/src/index.ts'
import { fingerprintOf, keyDigest } from '../../../src/domain/key.ts'
import { keyringOf, keyringText, type PublishedReason } from '../../../src/domain/keyring-var.ts'
import type { Keyset } from '../../../src/domain/keyset.ts'
import { DAY, HOUR, keyText, kidOf, ROTATED } from './support/rings.ts'

/** What an app reads after the service has published this keyset. */
function appOf(change: Partial<Keyset>, reason: PublishedReason, at = ROTATED + HOUR) {
  const keyset: Keyset = {
    current: 5,
    second: { version: 4, filler: false, until: new Date(ROTATED + 14 * DAY) },
    pending: null,
    pendingFiller: null,
    older: [],
    next: null,
    revokedTo: 0,
    ...change,
  }
  const dates = { rotatedAt: new Date(ROTATED), nextRotationAt: new Date(ROTATED + 14 * DAY) }
  const made = keyringOf({ keyset, reason, epoch: 1, goodForSeconds: 604_800, ...dates }, keyText, (text) =>
    fingerprintOf(keyDigest(text)),
  )
  const warnings: string[] = []
  const ring = keyring({
    value: `${keyText(keyset.current)},${keyText(keyset.second.version)}`,
    keyringValue: keyringText(made, 'k1.mac'),
    now: () => at,
    startedAt: at,
    onWarning: (code) => warnings.push(code),
  })
  return { ring, warnings }
}

test('a keyring as the service publishes it is taken, with all that it says', () => {
  const { ring, warnings } = appOf({ older: [{ version: 3, until: new Date(ROTATED + DAY) }] }, 'scheduled')
  expect(warnings).toEqual([])
  expect(ring.keys).toEqual([
    { kid: kidOf(5), use: 'sign', version: 5 },
    { kid: kidOf(4), use: 'verify', version: 4, until: new Date(ROTATED + 14 * DAY) },
    { kid: kidOf(3), use: 'verify', version: 3, until: new Date(ROTATED + DAY) },
  ])
  expect(ring.reason).toBe('scheduled')
  expect(ring.rotatedAt).toEqual(new Date(ROTATED))
  expect(ring.nextRotationAt).toEqual(new Date(ROTATED + 14 * DAY))
  expect(ring.kid).toBe(kidOf(4))
  expect(ring.secrets()).toEqual([4, 5, 3].map(keyText))
})

test('after a revoke the service names a filler by leaving it out, and the first key signs at once', () => {
  const { ring, warnings } = appOf({ second: { version: 4, filler: true } }, 'revoke')
  expect(warnings).toEqual([])
  expect(ring.kid).toBe(kidOf(5))
  expect(ring.keys[1]).toEqual({ kid: kidOf(4), use: 'filler' })
})
