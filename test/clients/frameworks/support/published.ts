import { hash } from 'node:crypto'
import { secureKeyValue } from '../../../../src/domain/config-vars.ts'
import { goodForSeconds } from '../../../../src/domain/good-for.ts'
import { fingerprintOf, keyDigest, keyFromBytes } from '../../../../src/domain/key.ts'
import { keyringOf, keyringText, type PublishedReason } from '../../../../src/domain/keyring-var.ts'
import { type Keyset, promoteKey } from '../../../../src/domain/keyset.ts'
import type { RotationReason } from '../../../../src/domain/rotation-reason.ts'

/** The two config vars of a release. */
export type Release = { value: string; keyringValue: string }

export const DAY_MS = 86_400_000
export const PERIOD_MS = 14 * DAY_MS

export type AddonOptions = {
  /** Announces the key that signs after the next rotation. */
  next?: boolean
  /** How long an old key is accepted; else until the next rotation. */
  graceMs?: number
}

/** An add-on as the service publishes it, by the functions that the service itself uses. */
export function createAddon({ next = false, graceMs = PERIOD_MS }: AddonOptions = {}) {
  const seed = `${Math.random()}`
  const textOf = (version: number) => keyFromBytes(hash('sha256', `${seed} ${version}`, 'buffer'))
  const kidOf = (text: string) => fingerprintOf(keyDigest(text))
  let newest = 2
  let keyset: Keyset = {
    current: 1,
    second: { version: 2, filler: true },
    pending: null,
    pendingFiller: null,
    older: [],
    next: next ? { version: ++newest, announced: true } : null,
    revokedTo: 0,
  }

  const goodFor = goodForSeconds({ grace: { until: 'elapsed', ms: graceMs }, periodMs: PERIOD_MS })
  const publish = (reason: PublishedReason): Release => {
    const now = Date.now()
    const dates = { rotatedAt: new Date(now), nextRotationAt: new Date(now + PERIOD_MS) }
    const facts = { keyset, reason, ...dates, goodForSeconds: goodFor, epoch: 1 }
    const pair = secureKeyValue(textOf(keyset.current), textOf(keyset.second.version))
    return { value: pair, keyringValue: keyringText(keyringOf(facts, textOf, kidOf), 'k1.mac') }
  }
  const promote = (reason: RotationReason, pending: number, pendingFiller: number | null): Release => {
    const publishedAt = new Date(Date.now())
    const until = new Date(Date.now() + graceMs)
    const announced = next ? { version: ++newest, announced: false } : null
    const opened: Keyset = { ...keyset, pending, pendingFiller, next: announced }
    keyset = promoteKey(opened, { reason, publishedAt, until, announces: next }).keyset
    return publish(reason)
  }
  return {
    provision: () => publish('provision'),
    rotate: () => promote('scheduled', keyset.next?.version ?? ++newest, null),
    revoke: () => promote('revoke', ++newest, ++newest),
  }
}
