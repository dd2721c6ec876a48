import { isScheduleStopped } from '../../../domain/health-state.ts'
import { isPaused } from '../../../domain/pause.ts'
import { isHeldForGood } from '../../../domain/upcoming.ts'
import { acceptedUntil } from '../../../flows/dashboard/accepted-until.ts'
import type { Overview } from '../../../flows/dashboard/overview.ts'
import type { KeyLife } from '../../../flows/key-lives.ts'
import { seenWords } from './check-ins.ts'
import { type Moment, momentOf, precisionOf } from './time-words.ts'

/** What a key is to the apps. A `revoked` one is accepted by an app until that has restarted with the new keys. */
export type KeyRole = 'signs' | 'next' | 'accepted' | 'filler' | 'on-its-way' | 'revoked'

/** A live key as the page shows it: never the key itself. */
export type KeyRow = {
  version: number
  fingerprint: string
  role: KeyRole
  badge: string
  /** A sentence; where there is a moment, it ends with that. */
  text: string
  at: Moment | null
  /** What processes have seen of it; empty where none counts. */
  seen: string
  revealable: boolean
}

const BADGES: Readonly<Record<KeyRole, string>> = {
  signs: 'Signs',
  next: 'Next',
  accepted: 'Still accepted',
  filler: 'Filler',
  'on-its-way': 'On its way',
  revoked: 'Revoked',
}

/** The live keys, the one that signs first. */
export function keyRows(overview: Overview): KeyRow[] {
  const rank: Readonly<Record<KeyRole, number>> = {
    'on-its-way': 0,
    signs: 1,
    next: 2,
    accepted: 3,
    filler: 4,
    revoked: 5,
  }
  return overview.keys
    .filter((key) => key.stage !== 'retired')
    .map((key) => keyRow(key, overview))
    .sort((a, b) => rank[a.role] - rank[b.role] || b.version - a.version)
}

function keyRow(key: KeyLife, overview: Overview): KeyRow {
  const role = roleOf(key)
  return {
    version: key.version,
    fingerprint: key.fingerprint,
    role,
    badge: isOlder(key, role, overview) ? 'Older' : BADGES[role],
    ...wordsOf(key, role, overview),
    seen: seenWords(key, overview),
    revealable: key.stage !== 'pending' && (key.stage !== 'next' || key.version === overview.announced),
  }
}

export function roleOf(key: KeyLife): KeyRole {
  if (key.revokedAt !== null) return 'revoked'
  if (key.stage === 'pending') return 'on-its-way'
  if (key.stage === 'current') return 'signs'
  if (key.stage === 'next') return 'next'
  return key.filler ? 'filler' : 'accepted'
}

type Words = Pick<KeyRow, 'text' | 'at'>

function wordsOf(key: KeyLife, role: KeyRole, overview: Overview): Words {
  switch (role) {
    case 'signs':
      return signsWords(key, overview)
    case 'next':
      return nextWords(key, overview)
    case 'filler':
      return { text: 'Holds the second place. Never used for signing.', at: null }
    case 'on-its-way':
      return { text: 'Created and stored; on its way to Heroku.', at: null }
    case 'revoked':
      return { text: revokedWords(key, overview), at: null }
    case 'accepted':
      return acceptedWords(key, overview)
  }
}

function signsWords({ publishedAt }: KeyLife, overview: Overview): Words {
  if (publishedAt === null) return { text: 'The first key of the config var.', at: null }
  const at = momentOf(publishedAt, overview.now, precisionOf(overview))
  return { text: 'The first key of the config var since', at }
}

function nextWords({ version }: KeyLife, overview: Overview): Words {
  if (!overview.announcesNext) {
    return { text: 'No longer announced. It is erased once Heroku has a keyring without it.', at: null }
  }
  if (version !== overview.announced) return { text: 'Created and stored; being announced.', at: null }
  const { nextRotationAt, now } = overview
  if (isWithoutDate(overview) || nextRotationAt <= now) {
    return { text: 'Announced: apps accept it. It signs after the next rotation.', at: null }
  }
  return {
    text: 'Announced: apps accept it. It signs from',
    at: momentOf(nextRotationAt, now, precisionOf(overview)),
  }
}

/** Whether nobody knows when the next rotation comes: before somebody resumes the schedule, or ends what is wrong. */
export function isWithoutDate(overview: Overview): boolean {
  return isHeldForGood(overview) || isScheduleStopped(overview.health.state)
}

function revokedWords(key: KeyLife, overview: Overview): string {
  if (key.stage === 'current' || isInConfig(key, overview)) {
    return 'Heroku gets new keys in its place and restarts your apps. Until an app has restarted it still accepts this key; one-off dynos do until they end.'
  }
  return 'No longer in the config var. One-off dynos that were started with it accept it until they end.'
}

function acceptedWords(key: KeyLife, overview: Overview): Words {
  const { now } = overview
  const end = acceptedUntil(key, overview)
  const at = end && end > now ? momentOf(end, now, precisionOf(overview)) : null
  if (!isInConfig(key, overview)) {
    if (!at) return { text: 'Its time is over. It will be erased shortly.', at }
    return { text: 'In the keyring alone: apps that read it accept signatures made with it until', at }
  }
  if (at) return { text: 'Signatures made with it are accepted until', at }
  if (end === null) {
    const least = overview.tokenLifeMs === null ? '' : ' at the least'
    return { text: `Signatures made with it are accepted until the next rotation${least}.`, at }
  }
  const removed = isPaused(overview.pause, now)
    ? 'the pause is over'
    : 'no app is seen to sign with it any more, or after a day'
  return { text: `Its grace period is over. It will be removed once ${removed}.`, at }
}

/** It has left the second place, and stands in the keyring alone. */
function isOlder(key: KeyLife, role: KeyRole, overview: Overview): boolean {
  return role === 'accepted' && !isInConfig(key, overview)
}

/** Whether an old key is the one in the second place of the config var. */
function isInConfig(key: KeyLife, { second }: Overview): boolean {
  return second === key.version
}
