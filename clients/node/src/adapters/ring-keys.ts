import type { Key } from '../secure-key.ts'

/** What adapters use of a ring. */
export type RingKeys = {
  /** The accepted keys at this moment, the one that signs first. A life is in seconds, else the guaranteed one counts. */
  list: (lifeS?: number) => readonly Key[]
  /** Whether a key stands behind another: what it signed is to be signed again. */
  isOlder: (key: Key, other: Key) => boolean
  /** The version that the keyring states; undefined without a keyring, and for a filler. */
  versionOf: (key: Key) => number | undefined
  /** The seconds of a life, the guaranteed one if none is given. Throws `bad-life`, or `life-too-long`. */
  lifeOf: (life: unknown) => number
  /** Told of a kid that a token names and no accepted key has: newer keys may be there. */
  unknownKid: (kid: unknown) => void
}
