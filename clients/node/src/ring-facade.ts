import { type Adapters, adaptersOf } from './adapters/adapters.ts'
import { deriveKey } from './derived-key.ts'
import type { On } from './events.ts'
import type { HeldRing } from './held-ring.ts'
import { allowedLife, type Life } from './life.ts'
import { liveList } from './live-list.ts'
import { namedOptions } from './named-options.ts'
import { acceptedKeys, isOlder, listOfKeys, type Ring, signingKey } from './ring.ts'
import { buffers, secretList, texts } from './secret-list.ts'
import type { Key } from './secure-key.ts'
import { SecureKeyError } from './secure-key-error.ts'
import { type ShownKey, showAs, shownKeys } from './shown.ts'
import { signToken } from './sign.ts'
import type { createStats, Stats } from './stats.ts'
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

  /** How many tokens were signed and verified by each key, and refused for each reason; how the live pick-up goes. */
  stats: () => Stats

  /** Over when the first answer of the live pick-up has come, or has not within ten seconds. Never fails. */
  ready: () => Promise<void>
  /** Told when other keys are held, and when the pick-up has ended. Returns what takes the listener away. Throws `bad-option`. */
  on: On
  /** Asks for no keys any more, and keeps those it has. */
  close: () => void
}

/** What a ring does beside its keys: it tells, counts and asks. */
export type RingService = {
  now: () => number
  counts: ReturnType<typeof createStats>
  unknownKid: (kid: string, nowMs: number) => void
} & Pick<Keyring, 'ready' | 'on' | 'close' | 'stats'>

const KID = /^[0-9a-f]{8}$/

/** A ring as apps use it, over the keys that are held at each moment. */
export function ringFacade(held: HeldRing, service: RingService): Keyring {
  const { now, counts, unknownKid, ready, on, close, stats } = service
  const listFor = (lifeS: number) => listOfKeys(held.ring(), now(), lifeS)
  const life = () => held.ring().guaranteedLifeS
  const lifeOf = (asked: { life?: Life } | undefined) => {
    const { life: own } = namedOptions(asked, ['life'])
    return own === undefined ? undefined : allowedLife(own, Number.POSITIVE_INFINITY)
  }
  const tellUnknown = (kid: unknown) => {
    if (typeof kid !== 'string' || !KID.test(kid)) return
    if (held.ring().keys.every(({ key }) => key.kid !== kid)) unknownKid(kid, now())
  }
  const made: Keyring = {
    get kid() {
      return signsNow(held.ring(), now()).kid
    },
    get keys() {
      return shownKeys(held.ring())
    },
    get guaranteedLife() {
      return life()
    },
    get reason() {
      return reasonOf(held.ring())
    },
    get rotatedAt() {
      return copyOf(held.ring().value?.rotatedAt)
    },
    get nextRotationAt() {
      return copyOf(held.ring().value?.nextRotationAt)
    },
    sign: (text, asked) => {
      const { token, kid } = signToken(held.ring(), now(), text, asked)
      counts.signed(kid)
      return token
    },
    verify: (token, asked) => {
      const [ring, nowMs] = [held.ring(), now()]
      const told = { unknownKid: (kid: string) => unknownKid(kid, nowMs), badMac: counts.badMac }
      const verdict = verifyToken(ring, nowMs, signsNow(ring, nowMs), token, asked, told)
      if (verdict.ok) counts.verified(verdict.kid)
      else counts.refused(verdict.reason)
      return verdict
    },
    derive: (purpose, asked) => {
      const { kid, length = 32 } = namedOptions(asked, ['kid', 'length'])
      const [ring, nowMs] = [held.ring(), now()]
      const key =
        kid === undefined ? signsNow(ring, nowMs) : acceptedKeys(ring, nowMs).find((each) => each.kid === kid)
      if (key) return deriveKey(key.bytes, purpose, length)
      tellUnknown(kid)
      throw new SecureKeyError('unknown-key', 'No accepted key has that kid')
    },
    allowedLife: (asked) => allowedLife(asked, life()),
    secrets: (asked) => secretList(texts(listFor(lifeOf(asked) ?? life()))),
    secretBuffers: (asked) => secretList(buffers(listFor(lifeOf(asked) ?? life()))),
    liveSecrets: (asked) => {
      const lifeS = lifeOf(asked)
      return liveList(() => texts(listFor(lifeS ?? life())))
    },
    ...{ stats, ready, on, close },
    ...adaptersOf({
      list: (lifeS = life()) => listFor(lifeS),
      isOlder: (key, other) => isOlder(held.ring(), key, other),
      versionOf: (key) => versionOf(held.ring(), key),
      lifeOf: (asked = life()) => allowedLife(asked, life()),
      unknownKid: tellUnknown,
    }),
  }
  return Object.freeze(showAs(made, 'Keyring', () => shownOf(made)))
}

/** The key that signs now what lives as long as is guaranteed. */
export function signsNow(ring: Ring, nowMs: number): Key {
  return signingKey(ring, nowMs, nowMs + ring.guaranteedLifeS * 1_000)
}

/** Why the keys are those of now. */
export function reasonOf({ value, standsIn }: Ring): string | undefined {
  return standsIn ? 'revoke' : value?.reason
}

/** A key that stands in for revoked ones has no version. A framework that numbers its keys gets a number that no key has. */
function versionOf({ keys, standsIn }: Ring, key: Key): number | undefined {
  return standsIn ? 0 : keys.find((each) => each.key === key)?.version
}

function shownOf({ kid, keys, guaranteedLife, reason, rotatedAt, nextRotationAt }: Keyring): object {
  return { kid, keys, guaranteedLife, reason, rotatedAt, nextRotationAt }
}

function copyOf(date: Date | undefined): Date | undefined {
  return date && new Date(date)
}
