import { type Adapters, adaptersOf } from './adapters/adapters.ts'
import { deriveKey } from './derived-key.ts'
import { readKeyringValue } from './keyring-value.ts'
import { allowedLife, type Life } from './life.ts'
import { liveList } from './live-list.ts'
import { namedOptions } from './named-options.ts'
import { type KeyringOptions, readOptions, type Settings } from './options.ts'
import { acceptedKeys, isOlder, listOfKeys, type Ring, ringOf, signingKey } from './ring.ts'
import { buffers, secretList, texts } from './secret-list.ts'
import { type Key, readSecureKey } from './secure-key.ts'
import { SecureKeyError } from './secure-key-error.ts'
import { type ShownKey, showAs, shownKeys } from './shown.ts'
import { signToken } from './sign.ts'
import { createStaleWatch } from './stale-watch.ts'
import { createStats, type Stats } from './stats.ts'
import { type Verdict, verifyToken } from './verify.ts'

/** The keys of an app. Printing it, or turning it into JSON, shows key ids, uses, versions and dates, and never a key. */
export type Keyring = Adapters & {
  /** The id of the key that signs now. */
  readonly kid: string
  /** All keys, newest first. */
  readonly keys: readonly ShownKey[]
  /** So many seconds a signature is good at least, whatever the schedule does. A revoke ends it at once. */
  readonly guaranteedLife: number
  /** Why the keys were published last: `scheduled`, `revoke` and others. Undefined without a keyring, as are the dates. */
  readonly reason: string | undefined
  readonly rotatedAt: Date | undefined
  readonly nextRotationAt: Date | undefined

  /**
   * A token that carries the text, good for one purpose and so long. The text can be read by whoever holds the token.
   * Throws `bad-purpose`, `bad-text`, `text-too-long`, `bad-life`, `life-too-long`.
   */
  sign: (text: string, options: { purpose: string; expiresIn: Life }) => string
  /** What a token says, or why it is refused. Never throws, whatever it is given: nothing, a list, a request's whole body. */
  verify: (token: unknown, options: { purpose: string }) => Verdict
  /**
   * A key of 16 to 64 bytes for one purpose, from the key that signs now or from the one of that kid. Throws `bad-purpose`,
   * `bad-length`, `unknown-key`, `bad-option`.
   */
  derive: (purpose: string, options?: { length?: number; kid?: string }) => Buffer
  /** The seconds of a life. Throws `bad-life`, or `life-too-long` if the keys may be gone before it ends. */
  allowedLife: (life: Life) => number

  /**
   * The texts of the keys, for a framework that signs with the first and accepts all. True for now: whoever keeps a copy needs
   * a ring with `settle` 0, or signs with the second key for ever. Throws `bad-life`, `bad-option`.
   */
  secrets: (options?: { life?: Life }) => string[]
  /** The same as 32 bytes each. */
  secretBuffers: (options?: { life?: Life }) => Buffer[]
  /** The texts as a list that changes when the keys do, for a framework that keeps it and reads it at each use. */
  liveSecrets: (options?: { life?: Life }) => string[]

  /** How many tokens were signed and verified by each key, and refused for each reason. */
  stats: () => Stats
}

/**
 * Reads the keys of the app, once. Throws a `SecureKeyError` if `SECURE_KEY` is not two keys: an app must not start with
 * keys that sign nothing. A keyring that is missing or wrong is ignored, with one warning.
 */
export function keyring(options?: KeyringOptions): Keyring {
  const settings = readOptions(options)
  const { now } = settings
  const ring = readRing(settings)
  const stats = createStats(ring.keys.map(({ key }) => key.kid))
  const onUnknownKid = createStaleWatch(settings.onStale)
  const listFor = (lifeS: number) => listOfKeys(ring, now(), lifeS)
  const lifeOf = (asked: { life?: Life } | undefined) => {
    const { life } = namedOptions(asked, ['life'])
    return life === undefined ? ring.guaranteedLifeS : allowedLife(life, Number.POSITIVE_INFINITY)
  }
  const signsNow = (nowMs: number) => signingKey(ring, nowMs, nowMs + ring.guaranteedLifeS * 1_000)

  const made: Keyring = {
    get kid() {
      return signsNow(now()).kid
    },
    get keys() {
      return shownKeys(ring)
    },
    guaranteedLife: ring.guaranteedLifeS,
    reason: ring.value?.reason,
    get rotatedAt() {
      return copyOf(ring.value?.rotatedAt)
    },
    get nextRotationAt() {
      return copyOf(ring.value?.nextRotationAt)
    },
    sign: (text, asked) => {
      const { token, kid } = signToken(ring, now(), text, asked)
      stats.signed(kid)
      return token
    },
    verify: (token, asked) => {
      const nowMs = now()
      const verdict = verifyToken(ring, nowMs, signsNow(nowMs), token, asked, onUnknownKid)
      if (verdict.ok) stats.verified(verdict.kid)
      else stats.refused(verdict.reason)
      return verdict
    },
    derive: (purpose, asked) => {
      const { kid, length = 32 } = namedOptions(asked, ['kid', 'length'])
      return deriveKey(keyToDerive(ring, kid, now(), signsNow).bytes, purpose, length)
    },
    allowedLife: (life) => allowedLife(life, ring.guaranteedLifeS),
    secrets: (asked) => secretList(texts(listFor(lifeOf(asked)))),
    secretBuffers: (asked) => secretList(buffers(listFor(lifeOf(asked)))),
    liveSecrets: (asked) => {
      const lifeS = lifeOf(asked)
      return liveList(() => texts(listFor(lifeS)))
    },
    stats: stats.read,
    ...adaptersOf({
      list: (lifeS = ring.guaranteedLifeS) => listFor(lifeS),
      isOlder: (key, other) => isOlder(ring, key, other),
      versionOf: (key) => ring.keys.find((each) => each.key === key)?.version,
      lifeOf: (life = ring.guaranteedLifeS) => allowedLife(life, ring.guaranteedLifeS),
    }),
  }
  return Object.freeze(showAs(made, 'Keyring', () => shownOf(made)))
}

function readRing({ variable, value, keyring: told, onWarning, ...own }: Settings): Ring {
  const pair = readSecureKey(value, variable)
  const read = told && readKeyringValue(told.value, pair)
  if (!read || 'value' in read) return ringOf(pair, read?.value, own)
  onWarning(
    read.warning,
    `${told?.variable} is ignored (${read.warning}); the app goes on with the two keys of ${variable}`,
  )
  return ringOf(pair, undefined, own)
}

function keyToDerive(ring: Ring, kid: unknown, nowMs: number, signsNow: (nowMs: number) => Key): Key {
  if (kid === undefined) return signsNow(nowMs)
  const key = acceptedKeys(ring, nowMs).find((each) => each.kid === kid)
  if (!key) throw new SecureKeyError('unknown-key', 'No accepted key has that kid')
  return key
}

function shownOf({ kid, keys, guaranteedLife, reason, rotatedAt, nextRotationAt }: Keyring): object {
  return { kid, keys, guaranteedLife, reason, rotatedAt, nextRotationAt }
}

function copyOf(date: Date | undefined): Date | undefined {
  return date && new Date(date)
}
