import type { KmsFailure, KmsKeyFacts, KmsResult } from './kms.ts'

/**
 * What is known of a customer's own key:
 * - `active`: it works
 * - `waiting`: its owner seems to have withdrawn it; nothing happens before `deadline`, since a slip must harm nobody
 * - `suspended`: it stayed withdrawn; what it protects is closed
 * - `restoring`: it works again, seen once; what it protects is still closed
 * - `lost`: it was deleted; what it protects never opens again
 */
export type OwnKeyState = (typeof OWN_KEY_STATES)[number]
export const OWN_KEY_STATES = ['active', 'waiting', 'suspended', 'restoring', 'lost'] as const

/** A key under watch. `since`: of its state. `said`: what AWS last said against it, in a few words. */
export type OwnKey = {
  state: OwnKeyState
  since: Date
  deadline: Date | null
  /** When a first word against it came that alone proves nothing. */
  signalAt: Date | null
  /** When AWS last said anything of it, good or bad: from then on it may have been withdrawn and given back unseen. */
  lookedAt: Date | null
  /** It was seen to be scheduled for deletion. */
  isDeleting: boolean
  said: string | null
}

/** What one look has found out. */
export type Finding =
  | { finding: 'usable' }
  /** `sure`: AWS names a state in which it cannot be used. Another word may be wrong once. */
  | { finding: 'withdrawn'; sure: boolean; isDeleting: boolean; said: string }
  /** The same is said where our own rights are gone: it counts where another key still works. */
  | { finding: 'refused'; isGone: boolean; said: string }
  /** Nothing is known: an outage, or our own credentials. */
  | { finding: 'unknown'; said: string }

/** What a look changes for the add-ons that the key protects. */
export type OwnKeyChange = 'suspended' | 'restored' | 'lost'

const WAIT_MS = 10 * 60_000
const LOOK_EVERY_MS = 60_000
const LOOK_SOON_MS = 30_000
const LOOK_AT_LOST_MS = 24 * 3_600_000
/**
 * Two words against a key, or for it, count when they are so far apart: the states of keys travel through AWS in seconds. A
 * look that comes soon may come a tenth sooner, and it counts too, or a third one would be needed.
 */
const APART_MS = 26_000
/** A word that alone proves nothing is forgotten when nobody has looked again for so long. */
const REMEMBERED_MS = 2 * 60_000
/**
 * A deadline holds over a gap between two looks that is no longer. Over a longer one (all workers down, AWS away) somebody may
 * have mended a slip of the hand and made another: what was seen before proves nothing any more.
 */
const WATCHED_MS = 15 * 60_000

/** States in which AWS refuses a key for cryptography (AWS KMS Developer Guide, "Key states"). */
const UNUSABLE = ['Disabled', 'PendingDeletion', 'PendingReplicaDeletion', 'PendingImport', 'Unavailable']

/** Whether what a key in this state protects is closed, whatever a process has cached. */
export function isClosed(state: OwnKeyState): boolean {
  return state !== 'active' && state !== 'waiting'
}

/** What a description and the opening of a stored data key say together: the worse counts. */
export function findingOf(described: KmsResult<KmsKeyFacts>, opened: KmsResult<unknown>): Finding {
  const state = described.ok ? described.value.state : undefined
  if (state !== undefined && UNUSABLE.includes(state)) {
    const isDeleting = state === 'PendingDeletion' || state === 'PendingReplicaDeletion'
    return { finding: 'withdrawn', sure: true, isDeleting, said: state }
  }
  const failures = [described, opened].flatMap((result) => (result.ok ? [] : [result.failure]))
  const withdrawn = failures.find(({ kind }) => kind === 'withdrawn')
  if (withdrawn) {
    return { finding: 'withdrawn', sure: false, isDeleting: false, said: wordsOf(withdrawn) }
  }
  const refused = failures.find(({ kind }) => kind === 'refused')
  if (refused) {
    return {
      finding: 'refused',
      isGone: refused.detail.startsWith('NotFoundException'),
      said: wordsOf(refused),
    }
  }
  // Who does not know how to describe a key is believed when it opens what it should.
  const unknown = failures.find(
    (failure) => failure.kind !== 'unsupported' || failure.right === 'kms:Decrypt',
  )
  return unknown ? { finding: 'unknown', said: wordsOf(unknown) } : { finding: 'usable' }
}

/**
 * What becomes of a key after a look that was begun at `now`, and when it is looked at next. An unknown finding changes no
 * state, however long it lasts. A key is suspended by a bad look at its deadline or later, ten minutes after the first, where
 * every look between was bad; after a quarter of an hour without any the ten minutes begin anew.
 */
export function afterOwnKeyLook(
  key: OwnKey,
  finding: Finding,
  now: Date,
): { to: OwnKey; againInMs: number; change?: OwnKeyChange } {
  if (finding.finding === 'unknown') {
    return { to: key, againInMs: key.state === 'active' && !key.signalAt ? LOOK_EVERY_MS : LOOK_SOON_MS }
  }
  if (finding.finding === 'usable') return afterGoodLook(key, now)
  const { said } = finding
  const isDeleting = key.isDeleting || (finding.finding === 'withdrawn' && finding.isDeleting)
  const against: OwnKey = { ...key, said, isDeleting, lookedAt: now }
  switch (key.state) {
    case 'active':
      return afterFirstWords(
        { ...against, signalAt: hasLooked(key, now, REMEMBERED_MS) ? key.signalAt : null },
        finding.finding === 'withdrawn' && finding.sure,
        now,
      )
    case 'waiting': {
      if (!hasLooked(key, now, WATCHED_MS)) return { to: waitingFrom(against, now), againInMs: LOOK_SOON_MS }
      const leftMs = (key.deadline?.getTime() ?? 0) - now.getTime()
      if (leftMs > 0) return { to: against, againInMs: Math.min(LOOK_SOON_MS, leftMs) }
      const to: OwnKey = { ...against, state: 'suspended', since: now, deadline: null, signalAt: null }
      return { to, againInMs: LOOK_EVERY_MS, change: 'suspended' }
    }
    case 'restoring':
      return { to: { ...against, state: 'suspended', since: now }, againInMs: LOOK_EVERY_MS }
    case 'suspended': {
      if (!(isDeleting && finding.finding === 'refused' && finding.isGone)) {
        return { to: against, againInMs: LOOK_EVERY_MS }
      }
      const to: OwnKey = { ...against, state: 'lost', since: now }
      // Soon, once: where whoever found it dies before it has told, the next look does.
      return { to, againInMs: LOOK_SOON_MS, change: 'lost' }
    }
    case 'lost':
      return { to: against, againInMs: LOOK_AT_LOST_MS }
  }
}

function afterGoodLook(key: OwnKey, now: Date): { to: OwnKey; againInMs: number; change?: OwnKeyChange } {
  const good: OwnKey = {
    ...key,
    ...{ deadline: null, signalAt: null, lookedAt: now, isDeleting: false, said: null },
  }
  switch (key.state) {
    case 'active':
      return { to: good, againInMs: LOOK_EVERY_MS }
    case 'waiting':
      return { to: { ...good, state: 'active', since: now }, againInMs: LOOK_EVERY_MS }
    case 'suspended':
    case 'lost':
      return { to: { ...good, state: 'restoring', since: now }, againInMs: LOOK_SOON_MS }
    case 'restoring':
      if (now.getTime() - key.since.getTime() < APART_MS) return { to: good, againInMs: LOOK_SOON_MS }
      return { to: { ...good, state: 'active', since: now }, againInMs: LOOK_EVERY_MS, change: 'restored' }
  }
}

/** Whether somebody has looked so shortly before that what was seen then still counts. */
function hasLooked({ lookedAt }: OwnKey, now: Date, withinMs: number): boolean {
  return lookedAt !== null && now.getTime() - lookedAt.getTime() <= withinMs
}

/** The ten minutes count from the first word against it. */
function afterFirstWords(key: OwnKey, sure: boolean, now: Date): { to: OwnKey; againInMs: number } {
  const first = key.signalAt ?? now
  if (!sure && now.getTime() - first.getTime() < APART_MS) {
    return { to: { ...key, signalAt: first }, againInMs: LOOK_SOON_MS }
  }
  return { to: { ...waitingFrom(key, first), since: now }, againInMs: LOOK_SOON_MS }
}

/** Nothing happens to what it protects in the ten minutes from that moment on. */
function waitingFrom(key: OwnKey, first: Date): OwnKey {
  const deadline = new Date(first.getTime() + WAIT_MS)
  return { ...key, state: 'waiting', deadline, signalAt: first }
}

function wordsOf({ right, detail }: KmsFailure): string {
  return `${right}: ${detail}`
}
