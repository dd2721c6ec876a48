import type { RotationReason } from './rotation-reason.ts'

/**
 * The live key versions of an add-on, by their numbers. A version that is not named here is retired: erased for good.
 * - `current` signs
 * - `second` stands in the second place of the config var
 * - `pending` and `pendingFiller` are made and stored, but not confirmed at Heroku: an app may hold them already
 * - `older` keys were displaced before their time was over and are accepted until its end
 * - `next` signs after the next rotation; until then apps accept it
 */
export type Keyset = {
  current: number
  second: SecondKey
  pending: number | null
  pendingFiller: number | null
  older: readonly OlderKey[]
  next: NextKey | null
  /** Versions up to this one were revoked: none of them is accepted, though apps may hold one for a moment longer. */
  revokedTo: number
}

/** Nobody signs with a filler, so it has no grace period. */
export type SecondKey = { version: number; filler: true } | ({ filler: false } & OlderKey)

/**
 * An old key and its end: that of its grace period or of a stated life. `stoppedAt`: when its successor was published; not
 * known of one that was taken over from Heroku.
 */
export type OlderKey = { version: number; until: Date; stoppedAt?: Date }

/** `announced`: Heroku has confirmed a keyring that lists it. Before that an app may accept it already. */
export type NextKey = { version: number; announced: boolean }

/** The versions that the config vars are to hold: first and second, and the next one, where it is announced. */
export type Pair = { first: number; second: number; next: number | null }

/** Versions that are stored together. `key` may be the next one, which is there already: the rotation promotes that. */
export type NewVersions = { key: number | null; filler: number | null; next: number | null }

/** The keyset after a change, and the versions that the change retires. */
export type KeysetChange = { keyset: Keyset; erased: number[] }

/** What the config vars hold when nothing is under way. */
export function publishedPair({ current, second, next }: Keyset): Pair {
  return { first: current, second: second.version, next: next?.announced ? next.version : null }
}

/** Whether both are the same versions in the same places. */
export function isSamePair(a: Pair, b: Pair): boolean {
  return a.first === b.first && a.second === b.second && a.next === b.next
}

/** Every live version, the newest first. */
export function liveVersions(keyset: Keyset): number[] {
  const { current, second, pending, pendingFiller, older, next } = keyset
  const old = older.map(({ version }) => version)
  const versions = [current, second.version, pending, pendingFiller, next?.version ?? null, ...old]
  return versions.filter((version) => version !== null).sort((a, b) => b - a)
}

/**
 * Heroku confirmed the pair that starts with the pending key: it signs from now on. The former current key moves to
 * the second place and is accepted until `until`. Whatever stood there before goes, or stays accepted as an older key
 * until its own end; `stoppedAt` is when it gave way. A revoke keeps no old key: the pending filler takes the second place.
 * `announces`: the keyring beside the pair listed the next key; else that one goes.
 */
export function promoteKey(
  keyset: Keyset,
  promotion: { reason: RotationReason; publishedAt: Date; until: Date; announces: boolean; stoppedAt?: Date },
): KeysetChange {
  const { current, second, pending, pendingFiller, older } = keyset
  const { reason, publishedAt, until, stoppedAt } = promotion
  const { next, withdrawn } = nextAfterPush(keyset, promotion.announces)
  if (pending === null) throw new Error('no key is pending')
  const old = older.map(({ version }) => version)
  if (reason === 'revoke') {
    if (pendingFiller === null) throw new Error('a revoke makes its key and its filler together')
    const fresh = { current: pending, second: { version: pendingFiller, filler: true } as const }
    const erased = [current, second.version, ...old, ...withdrawn]
    return { keyset: changed(keyset, { ...fresh, older: [], next }), erased }
  }
  const left = second.filler
    ? []
    : [{ version: second.version, until: second.until, ...(stoppedAt && { stoppedAt }) }]
  const displaced = [...left, ...older]
  const accepted = displaced.filter((key) => key.until > publishedAt)
  const gone = [second.version, ...old].filter((version) => !accepted.some((key) => key.version === version))
  const over = [...gone, ...withdrawn]
  return {
    keyset: changed(keyset, {
      current: pending,
      second: { version: current, filler: false, until },
      older: accepted,
      next,
    }),
    // A filler that was made for the second place meanwhile is no longer needed.
    erased: pendingFiller === null ? over : [...over, pendingFiller],
  }
}

/** Heroku confirmed the pending filler in the second place: the old key that stood there is over. */
export function promoteFiller(keyset: Keyset, { announces }: { announces: boolean }): KeysetChange {
  const { second, pendingFiller } = keyset
  if (pendingFiller === null) throw new Error('no filler is pending')
  const { next, withdrawn } = nextAfterPush(keyset, announces)
  return {
    keyset: { ...keyset, second: { version: pendingFiller, filler: true }, pendingFiller: null, next },
    erased: [second.version, ...withdrawn],
  }
}

/** Heroku confirmed a keyring that lists the next key, or one that lists none: then that key goes. */
export function promoteNext(keyset: Keyset, { announces }: { announces: boolean }): KeysetChange {
  const { next, withdrawn } = nextAfterPush(keyset, announces)
  return { keyset: { ...keyset, next }, erased: withdrawn }
}

function nextAfterPush({ next }: Keyset, announces: boolean): { next: NextKey | null; withdrawn: number[] } {
  if (next === null) return { next, withdrawn: [] }
  return announces
    ? { next: { ...next, announced: true }, withdrawn: [] }
    : { next: null, withdrawn: [next.version] }
}

/** Drops what is pending or announced: a revoke makes it worthless. */
export function dropPending(keyset: Keyset): KeysetChange {
  const { pending, pendingFiller, next } = keyset
  const erased = [pending, pendingFiller, next?.version ?? null].filter((version) => version !== null)
  return { keyset: { ...keyset, pending: null, pendingFiller: null, next: null }, erased }
}

/** Drops older keys whose time is over. */
export function dropOlder(keyset: Keyset, now: Date): KeysetChange {
  const over = keyset.older.filter(({ until }) => until <= now)
  const older = keyset.older.filter(({ until }) => until > now)
  return { keyset: { ...keyset, older }, erased: over.map(({ version }) => version) }
}

function changed(keyset: Keyset, to: Pick<Keyset, 'current' | 'second' | 'older' | 'next'>): Keyset {
  return { ...to, pending: null, pendingFiller: null, revokedTo: keyset.revokedTo }
}
