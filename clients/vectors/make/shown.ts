import { kid } from './keys.ts'
import { iso } from './rings.ts'

/** A key as a ring shows it. */
export type Shown = { kid: string; use: string; version: number | null; until: string | null }

/** Key `number` as a ring shows it. A filler, and a key without a keyring (version null), says its kid and use alone. */
export function shown(number: number, use: string, until: number | null = null): Shown {
  const version = use === 'filler' ? null : number
  return { kid: kid(`key ${number}`), use, version, until: until === null ? null : iso(until) }
}

/** The two keys of a value whose keyring is not there. */
export function shownWithout(first: string, second: string): Shown[] {
  const only = (name: string, use: string) => ({ kid: kid(name), use, version: null, until: null })
  return [only(first, 'sign'), only(second, 'verify')]
}
