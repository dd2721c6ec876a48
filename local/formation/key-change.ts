import { readKeyPair } from '../key-pair.ts'

/**
 * What a release did to an app's pair: a new key signs and the one before is still accepted; only the key in the second place is another
 * (a filler); none of the former keys is left (a revoke); or something that no step of the add-on does.
 */
export type KeyChange = 'none' | 'rotated' | 'second-replaced' | 'revoked' | 'other'

/** Compares the values of an app's variable before and after a release. */
export function keyChange(former: string | undefined, present: string | undefined): KeyChange {
  if (former === present) return 'none'
  const before = readKeyPair(former ?? '')
  const now = readKeyPair(present ?? '')
  if (!before || !now) return 'other'
  if (now.first === before.first) return 'second-replaced'
  const known = [before.first, before.second]
  if (!known.includes(now.first) && now.second === before.first) return 'rotated'
  return known.includes(now.first) || known.includes(now.second) ? 'other' : 'revoked'
}
