import type { HistoryKind, HistoryRow } from '../domain/history.ts'
import type { Keyset } from '../domain/keyset.ts'
import type { ResourceState } from '../domain/resource-state.ts'
import type { StoredKey } from '../store/sealed-keys.ts'
import { namedKeyOf } from './ended-rotation.ts'

/** Where a key version stands: see `Keyset`. `retired`: erased. */
export type Stage = 'pending' | 'next' | 'current' | 'previous' | 'retired'

/** A key version by its times alone: nothing in it opens anything. */
export type KeyLife = {
  version: number
  stage: Stage
  filler: boolean
  fingerprint: string
  createdAt: Date
  /** When Heroku confirmed it in the config var; null while it is pending, and for one that was never confirmed. */
  publishedAt: Date | null
  /** The end of its grace period. */
  graceEndsAt: Date | null
  revokedAt: Date | null
  retiredAt: Date | null
}

/** The history rows that tell of keys. */
export const KEY_EVENTS: readonly HistoryKind[] = [
  'provisioned',
  'forked',
  'rotated',
  'rotation-superseded',
  'rotation-cancelled',
  'filler-published',
  'next-announced',
  'next-withdrawn',
  'keys-erased',
  'keys-revoked',
  'keys-replaced',
  'config-adopted',
  'deprovisioned',
]

/** Whose keys Heroku had confirmed, or held, when it happened. */
const CONFIRMED: readonly HistoryKind[] = [
  'provisioned',
  'forked',
  'rotated',
  'filler-published',
  'config-adopted',
]

/**
 * The lives of the versions that the events tell of and of those that are stored, newest first. A resource that was
 * deprovisioned has no state, and no stored keys.
 */
export function keyLives(
  state: ResourceState | undefined,
  stored: readonly StoredKey[],
  events: readonly HistoryRow[],
): KeyLife[] {
  const lives = new Map<number, KeyLife>()
  for (const event of events.toReversed()) {
    for (const life of livesIn(event)) lives.set(life.version, life)
    if (event.kind === 'keys-revoked' || event.kind === 'keys-replaced') {
      const accepted = [...lives.values()].filter(({ retiredAt }) => retiredAt === null)
      for (const life of accepted) lives.set(life.version, { ...life, revokedAt: event.at })
    }
    for (const version of event.erased ?? []) {
      const life = lives.get(version)
      if (life) lives.set(version, { ...life, retiredAt: event.at })
    }
  }
  if (state) {
    for (const key of stored) lives.set(key.version, liveLife(state, key, lives.get(key.version)))
  }
  return [...lives.values()].sort((a, b) => b.version - a.version)
}

/** The keys that came to be with an event, as if they were retired since: what is stored says otherwise. */
function livesIn({
  key,
  filler,
  erased = [],
  at,
  kind,
  madeAt = at,
  publishedAt = at,
}: HistoryRow): KeyLife[] {
  const confirmed = CONFIRMED.includes(kind)
  return [key, filler].flatMap((named) => {
    if (!named) return []
    const dropped = erased.includes(named.version)
    const life = { ...named, filler: named === filler, createdAt: madeAt }
    const times = { publishedAt: confirmed && !dropped ? publishedAt : null, ...NOT_YET }
    return [{ ...life, ...times, stage: 'retired' as const }]
  })
}

const NOT_YET = { graceEndsAt: null, revokedAt: null, retiredAt: null }

function stageOf({ current, pending, pendingFiller, next }: Keyset, version: number): Stage {
  if (version === pending || version === pendingFiller) return 'pending'
  if (version === next?.version) return 'next'
  return version === current ? 'current' : 'previous'
}

/** Nobody signs with the next key, though a keyring lists it. */
function publishedAtOf({ keyset, publishedAt }: ResourceState, version: number, known: KeyLife | undefined) {
  if (version === keyset.next?.version) return null
  return version === keyset.current ? publishedAt : (known?.publishedAt ?? null)
}

/** A live version by where it stands now. */
function liveLife(state: ResourceState, key: StoredKey, known: KeyLife | undefined): KeyLife {
  const { keyset, rotation } = state
  const { version } = key
  const inSecondPlace = version === keyset.second.version
  const older = keyset.older.find((each) => each.version === version)
  const secondUntil = inSecondPlace && !keyset.second.filler ? keyset.second.until : null
  return {
    ...namedKeyOf(key),
    stage: stageOf(keyset, version),
    filler: version === keyset.pendingFiller || (inSecondPlace && keyset.second.filler),
    createdAt: key.createdAt,
    publishedAt: publishedAtOf(state, version, known),
    graceEndsAt: older?.until ?? secondUntil,
    revokedAt: version <= keyset.revokedTo ? (rotation?.openedAt ?? null) : null,
    retiredAt: null,
  }
}
