import { secondVersion } from '../../../domain/keyset.ts'
import { isPaused } from '../../../domain/pause.ts'
import type { Overview } from '../../../flows/overview.ts'
import { type Moment, momentOf, precisionOf } from './time-words.ts'

type KeyTimes = Overview['keys'][number]

/** What a key is to the apps. `revoked` keys are refused although an app may hold them for a moment longer. */
export type KeyRole = 'signs' | 'accepted' | 'spare' | 'on-its-way' | 'revoked'

/** A live key as the page shows it: never the key itself. */
export type KeyRow = {
  version: number
  fingerprint: string
  role: KeyRole
  badge: string
  text: string
  until: Moment | null
  since: Moment | null
  revealable: boolean
}

const BADGES: Readonly<Record<KeyRole, string>> = {
  signs: 'Signs',
  accepted: 'Still accepted',
  spare: 'Spare',
  'on-its-way': 'On its way',
  revoked: 'Revoked',
}

/** The live keys, the one that signs first. */
export function keyRows(overview: Overview): KeyRow[] {
  const rank: Readonly<Record<KeyRole, number>> = {
    'on-its-way': 0,
    signs: 1,
    accepted: 2,
    spare: 3,
    revoked: 4,
  }
  return overview.keys
    .filter((key) => key.stage !== 'retired')
    .map((key) => keyRow(key, overview))
    .sort((a, b) => rank[a.role] - rank[b.role] || b.version - a.version)
}

function keyRow(key: KeyTimes, overview: Overview): KeyRow {
  const role = roleOf(key)
  const { now } = overview
  return {
    version: key.version,
    fingerprint: key.fingerprint,
    role,
    badge: BADGES[role],
    ...wordsOf(key, role, overview),
    since: role === 'signs' && key.publishedAt ? momentOf(key.publishedAt, now, precisionOf(overview)) : null,
    revealable: key.stage !== 'pending',
  }
}

export function roleOf(key: KeyTimes): KeyRole {
  if (key.revokedAt !== null) return 'revoked'
  if (key.stage === 'pending') return 'on-its-way'
  if (key.stage === 'current') return 'signs'
  return key.filler ? 'spare' : 'accepted'
}

function wordsOf(key: KeyTimes, role: KeyRole, overview: Overview): Pick<KeyRow, 'text' | 'until'> {
  switch (role) {
    case 'signs':
      return { text: 'Apps sign with this key.', until: null }
    case 'spare':
      return { text: 'Fills the second place. Nobody has ever signed with it.', until: null }
    case 'on-its-way':
      return { text: 'Made and stored, and being brought to Heroku. Accepted already.', until: null }
    case 'revoked':
      return { text: revokedWords(key, overview), until: null }
    case 'accepted':
      return acceptedWords(key, overview)
  }
}

function revokedWords(key: KeyTimes, overview: Overview): string {
  const held = key.stage === 'current' || isInConfig(key, overview)
  return `Refused by verification.${held ? ' Apps hold it until the new keys arrive.' : ''}`
}

function acceptedWords(key: KeyTimes, overview: Overview): Pick<KeyRow, 'text' | 'until'> {
  const { now } = overview
  const end = acceptedUntil(key, overview)
  const signatures = isInConfig(key, overview)
    ? 'Signatures made with it pass'
    : 'No longer in the config var, but signatures made with it pass'
  if (end === null) return { text: `${signatures} until the next rotation.`, until: null }
  if (end > now) return { text: `${signatures} until`, until: momentOf(end, now, precisionOf(overview)) }
  const waits = isPaused(overview.pause, now) ? 'the pause is over' : 'every app runs on the new key'
  return { text: `Its time is over. It goes as soon as ${waits}.`, until: null }
}

/** Whether an old key is the one in the second place of the config var. */
function isInConfig(key: KeyTimes, { keys }: Overview): boolean {
  return secondVersion(keys).version === key.version
}

/**
 * Until when an old key is accepted. With a grace period that lasts until the next rotation, the key in the config
 * var is accepted until then even if that date has moved; null when there is no such date, because of a pause.
 */
export function acceptedUntil(key: KeyTimes, overview: Overview): Date | null {
  const { grace, nextRotationAt, pause, now } = overview
  if (grace.until === 'elapsed' || !isInConfig(key, overview)) return key.graceEndsAt
  if (isPaused(pause, now) && pause?.until === null) return null
  return new Date(Math.max(nextRotationAt.getTime(), key.graceEndsAt?.getTime() ?? 0))
}
