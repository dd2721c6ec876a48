import type { RotationReason } from './rotation-reason.ts'

/**
 * The live key versions of an add-on, by their numbers. A version that is not named here is retired: erased for good.
 * - `current` signs
 * - `second` stands in the second place of the config var
 * - `pending` and `pendingFiller` are made and stored, but not confirmed at Heroku: an app may hold them already
 * - `older` keys were displaced before their grace period was over and are accepted until its end
 */
export type Keyset = {
  current: number
  second: SecondKey
  pending: number | null
  pendingFiller: number | null
  older: readonly OlderKey[]
  /** Versions up to this one were revoked: none of them is accepted, though apps may hold one for a moment longer. */
  revokedTo: number
}

/** Nobody signs with a filler, so it has no grace period. */
export type SecondKey = { version: number; filler: true } | ({ filler: false } & OlderKey)

/** An old key and the end of its grace period. */
export type OlderKey = { version: number; until: Date }

/** The two versions that a config var is to hold, first and second. */
export type Pair = { first: number; second: number }

/** The keyset after a change, and the versions that the change retires. */
export type KeysetChange = { keyset: Keyset; erased: number[] }

/** The pair that the config var holds when nothing is under way. */
export function publishedPair({ current, second }: Keyset): Pair {
  return { first: current, second: second.version }
}

/** Every live version, the newest first. */
export function liveVersions(keyset: Keyset): number[] {
  const { current, second, pending, pendingFiller, older } = keyset
  const versions = [current, second.version, pending, pendingFiller, ...older.map(({ version }) => version)]
  return versions.filter((version) => version !== null).sort((a, b) => b - a)
}

/**
 * Heroku confirmed the pair that starts with the pending key: it signs from now on. The former current key moves to
 * the second place and is accepted until `until`. Whatever stood there before goes, or stays accepted as an older key
 * until its own end. A revoke keeps no old key: the pending filler takes the second place.
 */
export function promoteKey(
  keyset: Keyset,
  promotion: { reason: RotationReason; publishedAt: Date; until: Date },
): KeysetChange {
  const { current, second, pending, pendingFiller, older } = keyset
  const { reason, publishedAt, until } = promotion
  if (pending === null) throw new Error('no key is pending')
  const old = older.map(({ version }) => version)
  if (reason === 'revoke') {
    if (pendingFiller === null) throw new Error('a revoke makes its key and its filler together')
    const fresh = { current: pending, second: { version: pendingFiller, filler: true } as const }
    return { keyset: changed(keyset, { ...fresh, older: [] }), erased: [current, second.version, ...old] }
  }
  const displaced = second.filler ? older : [{ version: second.version, until: second.until }, ...older]
  const accepted = displaced.filter((key) => key.until > publishedAt)
  const over = [second.version, ...old].filter((version) => !accepted.some((key) => key.version === version))
  return {
    keyset: changed(keyset, {
      current: pending,
      second: { version: current, filler: false, until },
      older: accepted,
    }),
    // A filler that was made for the second place meanwhile is no longer needed.
    erased: pendingFiller === null ? over : [...over, pendingFiller],
  }
}

/** Heroku confirmed the pending filler in the second place: the old key that stood there is over. */
export function promoteFiller(keyset: Keyset): KeysetChange {
  const { second, pendingFiller } = keyset
  if (pendingFiller === null) throw new Error('no filler is pending')
  return {
    keyset: { ...keyset, second: { version: pendingFiller, filler: true }, pendingFiller: null },
    erased: [second.version],
  }
}

/** Drops what is pending: a revoke makes it worthless. */
export function dropPending(keyset: Keyset): KeysetChange {
  const erased = [keyset.pending, keyset.pendingFiller].filter((version) => version !== null)
  return { keyset: { ...keyset, pending: null, pendingFiller: null }, erased }
}

/** Drops older keys whose grace period is over. */
export function dropOlder(keyset: Keyset, now: Date): KeysetChange {
  const over = keyset.older.filter(({ until }) => until <= now)
  const older = keyset.older.filter(({ until }) => until > now)
  return { keyset: { ...keyset, older }, erased: over.map(({ version }) => version) }
}

function changed(keyset: Keyset, to: Pick<Keyset, 'current' | 'second' | 'older'>): Keyset {
  return { ...to, pending: null, pendingFiller: null, revokedTo: keyset.revokedTo }
}
