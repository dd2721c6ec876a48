import { hash } from 'node:crypto'
import { secureKeyValue } from '../../../../src/domain/config-vars.ts'
import { fingerprintOf, keyDigest, keyFromBytes } from '../../../../src/domain/key.ts'
import { keyringOf, keyringText, type PublishedReason } from '../../../../src/domain/keyring-var.ts'
import { type Keyset, promoteKey } from '../../../../src/domain/keyset.ts'
import type { RotationReason } from '../../../../src/domain/rotation-reason.ts'

/** The two config vars of a release. */
export type Release = { value: string; keyringValue: string }

export const DAY_MS = 86_400_000
export const PERIOD_MS = 14 * DAY_MS
const PERIOD_S = PERIOD_MS / 1_000

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
    revokedTo: 0,
  }
  let announced = next ? ++newest : undefined

  const publish = (reason: PublishedReason): Release => {
    const now = Date.now()
    const facts = { reason, rotatedAt: new Date(now), nextRotationAt: new Date(now + PERIOD_MS), epoch: 1 }
    const body = JSON.parse(keyringText(keyringOf({ keyset, ...facts }, textOf, kidOf), 'k1.mac'))
    if (announced !== undefined) {
      const key = textOf(announced)
      body.keys.push({ kid: kidOf(key), version: announced, use: 'next', until: null, key })
    }
    const pair = secureKeyValue(textOf(keyset.current), textOf(keyset.second.version))
    return { value: pair, keyringValue: JSON.stringify({ ...body, good_for: PERIOD_S / 2 }) }
  }
  const promote = (reason: RotationReason, pending: number, pendingFiller: number | null): Release => {
    const publishedAt = new Date(Date.now())
    const until = new Date(Date.now() + graceMs)
    keyset = promoteKey({ ...keyset, pending, pendingFiller }, { reason, publishedAt, until }).keyset
    announced = next ? ++newest : undefined
    return publish(reason)
  }
  return {
    provision: () => publish('provision'),
    rotate: () => promote('scheduled', announced ?? ++newest, null),
    revoke: () => promote('revoke', ++newest, ++newest),
  }
}
