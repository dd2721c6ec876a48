import {
  accepted,
  type Entry,
  entryBody,
  type Facts,
  pair,
  ring,
  ringBody,
  SECOND_ROTATION,
  signs,
} from './rings.ts'
import { shown } from './shown.ts'

/** All of these stand beside this value. */
export const SECURE_KEY = pair('key 3', 'key 2')
export const ENTRIES = [signs(3), accepted(2)]
export const SHOWN = [shown(3, 'sign'), shown(2, 'verify', SECOND_ROTATION)]
export const LONGEST = 8_192

export type Fields = Record<string, unknown>

/** The good keyring with some of its fields in another way; `undefined` leaves a field out. */
export function withFields(fields: Fields): string {
  return JSON.stringify({ ...ringBody(ENTRIES), ...fields })
}

/** The good keyring with other entries. */
export function withKeys(change: (sign: Fields, verify: Fields) => unknown): string {
  const [sign, verify] = ENTRIES.map(entryBody)
  return withFields({ keys: change({ ...sign }, { ...verify }) })
}

/** Fields of its second entry in another way. */
export function withVerify(fields: Fields): string {
  return withKeys((sign, verify) => [sign, { ...verify, ...fields }])
}

/** Fields of its first entry in another way. */
export function withSign(fields: Fields): string {
  return withKeys((sign, verify) => [{ ...sign, ...fields }, verify])
}

/** Further entries behind its two. */
export function withMore(...entries: unknown[]): string {
  return withKeys((sign, verify) => [sign, verify, ...entries])
}

/** The good keyring as JSON that nobody's JSON writer would write. */
export function withJson(from: string | RegExp, to: string): string {
  return ring(ENTRIES).replace(from, to)
}

export const body = (entry: Entry): Fields => entryBody(entry)
export const facts = (change: Facts) => ring(ENTRIES, change)
/** With an unknown field it is exactly so long. */
export const ofLength = (length: number) => {
  const empty = withFields({ more: '' })
  return withFields({ more: 'm'.repeat(length - empty.length) })
}
