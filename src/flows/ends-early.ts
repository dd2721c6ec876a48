import type { OlderKey } from '../domain/keyset.ts'
import type { Trx } from '../store/database.ts'
import { findKeys } from '../store/sealed-keys.ts'
import { namedKeyOf } from './ended-rotation.ts'

/** A key that goes before all that it has signed has ended. */
export type EndingKey = {
  version: number
  fingerprint: string
  /** When it goes; null for the one that signs: that has no end yet. */
  from: Date | null
  /** When it would go otherwise. */
  instead: Date | null
}

/** A press that ends something which apps were told is valid for longer: nothing was done, and `confirm` is to be sent. */
export type EndsEarly = { outcome: 'ends-early'; ends: EndingKey[]; confirm: string }

/**
 * What somebody has to confirm who ends keys before their time. `confirm` names them, so that what was shown is what is
 * confirmed; undefined where it is confirmed, or where no key is ended.
 */
export async function askFirst(
  trx: Trx,
  resourceId: string,
  ending: readonly { version: number; from: Date | null; instead: Date | null }[],
  confirm: string | undefined,
): Promise<EndsEarly | undefined> {
  if (ending.length === 0) return undefined
  const names = new Map(
    (await findKeys(trx, resourceId)).map((key) => [key.version, namedKeyOf(key).fingerprint]),
  )
  const ends = ending.map((key) => ({ ...key, fingerprint: names.get(key.version) ?? '' }))
  const needed = ends.map(({ fingerprint }) => fingerprint).join()
  return confirm?.trim().toLowerCase() === needed
    ? undefined
    : { outcome: 'ends-early', ends, confirm: needed }
}

/** Old keys that go now. */
export function goingNow(keys: readonly OlderKey[], now: Date) {
  return keys.map(({ version, until }) => ({ version, from: now, instead: until }))
}
