/** `pending`: made and stored, not yet confirmed at Heroku (an app may hold it already). `current`: signs. `previous`: still accepted. `retired`: erased. */
export type Stage = 'pending' | 'current' | 'previous' | 'retired'

/** One key version without its secret. A filler occupies the second place of the config var; nobody signs with it. */
export type KeyVersion = {
  version: number
  stage: Stage
  filler: boolean
  fingerprint: string
  graceEndsAt: Date | null
  /** Refused from then on, although an app may hold the key until its successor has arrived. */
  revokedAt: Date | null
}

/** All live versions of a resource, in any order. Retired versions may be among them and are passed over. */
export type Keyset<K extends KeyVersion = KeyVersion> = readonly K[]

/** The version that signs. Every resource has exactly one from provision to deprovision. */
export function currentVersion<K extends KeyVersion>(keyset: Keyset<K>): K {
  const current = keyset.find((key) => key.stage === 'current')
  if (!current) throw new Error('a live keyset has a current version')
  return current
}

/**
 * The version in the second place of the config var: the youngest accepted one. It is younger by number than every
 * other previous version, because a filler is made after the current key and is dropped when the next key arrives.
 */
export function secondVersion<K extends KeyVersion>(keyset: Keyset<K>): K {
  const previous = keyset.filter((key) => key.stage === 'previous')
  const second = previous.reduce<K | undefined>(
    (youngest, key) => (youngest && youngest.version > key.version ? youngest : key),
    undefined,
  )
  if (!second) throw new Error('a live keyset has a version in the second place')
  return second
}

/** The version made for the rotation under way, if there is one. */
export function pendingVersion<K extends KeyVersion>(keyset: Keyset<K>): K | undefined {
  return keyset.find((key) => key.stage === 'pending' && !key.filler)
}

/** The filler made for the second place and not yet confirmed at Heroku, if there is one. */
export function pendingFiller<K extends KeyVersion>(keyset: Keyset<K>): K | undefined {
  return keyset.find((key) => key.stage === 'pending' && key.filler)
}
