import { hash } from 'node:crypto'
import { secureKeyValue } from '../../../../src/domain/config-vars.ts'
import { goodForSeconds } from '../../../../src/domain/good-for.ts'
import { type GracePeriod, UNTIL_NEXT_ROTATION } from '../../../../src/domain/grace.ts'
import { fingerprintOf, keyDigest, keyFromBytes } from '../../../../src/domain/key.ts'
import { keptInRoom } from '../../../../src/domain/keyring-room.ts'
import { keyringOf, keyringText, type PublishedReason } from '../../../../src/domain/keyring-var.ts'
import { type Keyset, promoteKey } from '../../../../src/domain/keyset.ts'
import { oldKeyEndsAt } from '../../../../src/domain/old-key-end.ts'
import type { RotationReason } from '../../../../src/domain/rotation-reason.ts'

/** The two config vars of a release. */
export type Release = { value: string; keyringValue: string }

export const MINUTE_MS = 60_000
export const HOUR_MS = 60 * MINUTE_MS
export const DAY_MS = 24 * HOUR_MS
export const PERIOD_MS = 14 * DAY_MS

export type AddonOptions = {
  /** Announces the key that signs after the next rotation. */
  next?: boolean
  /** How long an old key is accepted; else until the next rotation. */
  graceMs?: number
  /** How long the longest thing lives that the app signs. */
  tokenLifeMs?: number
  periodMs?: number
}

/** An add-on as the service publishes it, by the functions that the service itself uses. */
export function createAddon(options: AddonOptions = {}) {
  const { next = false, graceMs, tokenLifeMs = null, periodMs = PERIOD_MS } = options
  const seed = `${Math.random()}`
  const textOf = (version: number) => keyFromBytes(hash('sha256', `${seed} ${version}`, 'buffer'))
  const kidOf = (text: string) => fingerprintOf(keyDigest(text))
  const grace: GracePeriod = graceMs === undefined ? UNTIL_NEXT_ROTATION : { until: 'elapsed', ms: graceMs }
  let newest = 2
  const nextKey = () => (next ? { version: ++newest, announced: true } : null)
  let keyset: Keyset = {
    current: 1,
    second: { version: 2, filler: true },
    pending: null,
    pendingFiller: null,
    older: [],
    next: nextKey(),
    revokedTo: 0,
  }

  const publish = (reason: PublishedReason): Release => {
    const rotatedAt = new Date(Date.now())
    const nextRotationAt = new Date(Date.now() + periodMs)
    const goodFor = goodForSeconds({ grace, periodMs, tokenLifeMs })
    const facts = { keyset, reason, rotatedAt, nextRotationAt, goodForSeconds: goodFor, epoch: 1 }
    return {
      value: secureKeyValue(textOf(keyset.current), textOf(keyset.second.version)),
      keyringValue: keyringText(keyringOf(facts, textOf, kidOf), 'k1.mac'),
    }
  }
  const promote = (reason: RotationReason, pending: number, pendingFiller: number | null): Release => {
    const publishedAt = new Date(Date.now())
    const until = oldKeyEndsAt({ grace, tokenLifeMs }, publishedAt, new Date(Date.now() + periodMs))
    const ready = { ...keyset, pending, pendingFiller, next: nextKey() }
    const promoted = promoteKey(ready, { reason, publishedAt, until, announces: next })
    keyset = keptInRoom(promoted, { tokenLifeMs }).keyset
    return publish(reason)
  }
  return {
    provision: () => publish('provision'),
    rotate: () => promote('scheduled', keyset.next?.version ?? ++newest, null),
    revoke: () => promote('revoke', ++newest, ++newest),
  }
}
