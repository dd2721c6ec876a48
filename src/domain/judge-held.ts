import { serveAt } from './calendar.ts'
import { type ConfigVars, parseSecureKeyValue } from './config-vars.ts'
import { roomFrom } from './keyring-room.ts'
import {
  announcedIn,
  isSameMaterial,
  type Keyring,
  oldKeysIn,
  readKeyring,
  witnessedText,
} from './keyring-var.ts'
import type { ResourceState } from './resource-state.ts'
import { isKeptToCalendar } from './rotation.ts'

/** A rotation so long after its due date was held up by something: Heroku is asked before anything is pushed. */
const LATE_MS = 10 * 60_000

/** Whether Heroku is read before the next push. Otherwise nothing is read: calls are the scarce thing. */
export function isInDoubt(state: ResourceState, epoch: number, dueAt: Date, now: Date): boolean {
  const { trust, attempts } = state
  if (trust.doubtful || trust.confirmedEpoch < epoch || attempts > 0) return true
  const { turn } = state
  const servable = firstServable(state, dueAt)
  // The time in which it waited for its turn is none in which something held it up.
  const waits = turn && turn.since.getTime() - servable.getTime() <= LATE_MS
  return now.getTime() - (waits ? turn.at : servable).getTime() > LATE_MS
}

/** The first moment at which a due date could be served: a pause may have ended later, room come, or a window opened. */
function firstServable(state: ResourceState, dueAt: Date): Date {
  const { pause, rotation, calendar } = state
  const moments = [dueAt, pause?.until, rotation?.openedAt, roomFrom(state)].filter(
    (moment) => moment instanceof Date,
  )
  const latest = moments.reduce((a, b) => (a > b ? a : b), dueAt)
  return rotation && !isKeptToCalendar(rotation) ? latest : serveAt(latest, calendar)
}

/**
 * What Heroku holds, seen from what we know:
 * - `published`: the pair that was published last, and the next key beside it
 * - `expected`: those that are being published; an earlier push arrived
 * - `older`: keys of ours, none of them revoked
 * - `revoked`: a pair with a revoked key of ours, whatever stands beside it
 * - `ahead`: a pair under our MAC that is newer than ours: we are a restored past
 * - `gone`: the var is not set
 * - `foreign`: anything else, however well formed; also a pair of ours that is newer than our row says, since then
 *   somebody has put that row back
 */
export type Held =
  | { held: 'published' | 'expected' | 'older' | 'revoked' | 'gone' }
  | ({ held: 'ahead' } & HeldPair)
  | ({ held: 'foreign' } & Partial<HeldPair>)

/** A well-formed pair, and the keyring beside it where that is under our MAC and belongs to the pair. */
export type HeldPair = { pair: { first: string; second: string }; keyring: Keyring | undefined }

/** All that the verdict on a held config depends on. */
export type HeldFacts = {
  resourceId: string
  state: ResourceState
  /** What was published, and what is being published. */
  published: ConfigVars
  expected: ConfigVars | undefined
  /** What Heroku returned. */
  pair: string | null
  keyring: string | null
  /** The versions of ours by fingerprint, of every key ever stored, as far as they were asked for. */
  versionOf: (kid: string) => number | undefined
  /** When the epoch began, where it is not confirmed for this add-on: the database may be older than what Heroku holds. */
  pastUntil: Date | undefined
  kidOf: (text: string) => string
  holds: (text: string, mac: string) => boolean
}

/**
 * Says what Heroku holds. Key material, versions and epochs count. Of the dates in a keyring one is looked at: a newer pair
 * that was published while this epoch was on is another environment's.
 */
export function judgeHeld(facts: HeldFacts): Held {
  const { state, pair } = facts
  if (pair === null || pair === '') return { held: 'gone' }
  if (facts.expected && isSameMaterial(facts, facts.expected)) return { held: 'expected' }
  if (isSameMaterial(facts, facts.published)) return { held: 'published' }
  const keys = parseSecureKeyValue(pair)
  if (!keys) return { held: 'foreign' }
  const keyring = witnessed(facts, keys)
  const [beside] = [facts.expected, facts.published].filter(
    (vars) => vars?.pair === pair && announcedIn(vars.keyring) === announcedIn(facts.keyring),
  )
  if (beside)
    return { held: judgeOld(facts, beside) ?? (beside === facts.expected ? 'expected' : 'published') }
  if (pair === facts.expected?.pair || pair === facts.published.pair) return judgeNext(facts, keys, keyring)
  if (isAhead(facts, keyring, keys.second)) return { held: 'ahead', pair: keys, keyring }
  const { current, revokedTo } = state.keyset
  const [first, second] = [keys.first, keys.second].map((text) => facts.versionOf(facts.kidOf(text)))
  if (first === undefined || second === undefined) {
    // One revoked key is enough: whoever has it could go on with it, and nobody may take it over again.
    const isDead = [first, second].some((version) => version !== undefined && version <= revokedTo)
    return isDead || (keyring && isRevoked(state, keyring))
      ? { held: 'revoked' }
      : { held: 'foreign', pair: keys, keyring }
  }
  if (first > current) return { held: 'foreign', pair: keys, keyring }
  return { held: Math.min(first, second) <= revokedTo ? 'revoked' : 'older' }
}

/**
 * The pair is ours and so is the next key: the old keys beside them. One that is needed for a stated life and is missing is put
 * back, or apps would refuse what it has signed. One that has ended since is none of it; one that nobody here made is not kept.
 */
function judgeOld(
  { state, keyring, versionOf, kidOf }: HeldFacts,
  { keyring: ours }: ConfigVars,
): 'older' | 'revoked' | undefined {
  const held = oldKeysIn(keyring)
  const needed = state.tokenLifeMs === null ? [] : oldKeysIn(ours)
  const isMissing = needed.some((text) => !held.includes(text))
  // By the texts: the ids beside them are anybody's.
  const versions = held.map((text) => versionOf(kidOf(text)))
  if (versions.some((version) => version !== undefined && version <= state.keyset.revokedTo)) return 'revoked'
  return isMissing || versions.includes(undefined) ? 'older' : undefined
}

/**
 * The pair is ours, and another next key stands beside it, or none. One of ours is on its way out, or on its way in: the one
 * that is wanted has arrived, though nobody has confirmed that yet, and a rotation promotes it. One that is not known here
 * is of a past that is lost, or another environment's. What bears no MAC of ours nobody may keep.
 */
function judgeNext(facts: HeldFacts, pair: HeldPair['pair'], keyring: Keyring | undefined): Held {
  const { state, pastUntil } = facts
  const text = announcedIn(facts.keyring)
  const version = text === null ? undefined : facts.versionOf(facts.kidOf(text))
  const { keyset, announcesNext } = state
  if (version !== undefined && version === keyset.next?.version && announcesNext) return { held: 'published' }
  if (version !== undefined) return { held: version <= keyset.revokedTo ? 'revoked' : 'older' }
  if (text === null || !keyring) return { held: 'older' }
  if (isRevoked(state, keyring)) return { held: 'revoked' }
  return pastUntil ? { held: 'ahead', pair, keyring } : { held: 'foreign', pair, keyring }
}

/** Whether a revoke reached a pair that is not known here: it is of an epoch before that, or has a number that is dead. */
function isRevoked({ trust, keyset }: ResourceState, { epoch, keys }: Keyring): boolean {
  if (epoch < trust.revokedEpoch) return true
  return epoch <= trust.confirmedEpoch && keys.some(({ version }) => version <= keyset.revokedTo)
}

/** The keyring beside a pair, if this service wrote the two together. */
function witnessed(
  { resourceId, keyring: text, kidOf, holds }: HeldFacts,
  pair: { first: string },
): Keyring | undefined {
  const read = readKeyring(text)
  if (read?.keyring.keys[0]?.kid !== kidOf(pair.first)) return undefined
  // The MAC covers ids. A text that is another key's would be accepted under such an id from now on.
  if (read.keyring.keys.some(({ kid, key }) => key !== undefined && kidOf(key) !== kid)) return undefined
  return holds(witnessedText(resourceId, read.keyring), read.mac) ? read.keyring : undefined
}

/** Clocks differ by a few seconds. */
const CLOCK_TOLERANCE_MS = 60_000

function isAhead(
  { state, pastUntil, versionOf, kidOf }: HeldFacts,
  keyring: Keyring | undefined,
  second: string,
): boolean {
  const [signs] = keyring?.keys ?? []
  if (!pastUntil || !keyring || !signs) return false
  // Published while this epoch was on, and not by us: another environment is alive.
  if (keyring.rotatedAt.getTime() > pastUntil.getTime() + CLOCK_TOLERANCE_MS) return false
  const { trust, keyset } = state
  if (keyring.epoch < trust.revokedEpoch) return false
  // The key that is announced here signs there: a rotation was lost.
  if (versionOf(signs.kid) === signs.version && signs.version <= keyset.current) {
    // The same key signs. Only a filler is not listed: one came into the second place that this past has not seen.
    const isFiller = !keyring.keys.some(({ kid }) => kid === kidOf(second))
    return isFiller && signs.version === keyset.current && versionOf(kidOf(second)) === undefined
  }
  return keyring.epoch === trust.confirmedEpoch
    ? signs.version > keyset.current
    : keyring.epoch > trust.confirmedEpoch
}
