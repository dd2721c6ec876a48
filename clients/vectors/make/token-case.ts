import { keyText } from './keys.ts'
import { tokenOf } from './reference.ts'
import { stateNamed } from './states.ts'

/** A token and what a process in that state must say of it. */
export type TokenCase = {
  name: string
  state?: string
  purpose?: unknown
  now?: number
  token: unknown
} & ({ reason: string } | { text: string; key: string; exp: number; renew: boolean })

/** The end of most tokens here, in seconds: an hour after the moment at which most are read. */
export const EXP = Math.floor(stateNamed('rotated once').now / 1_000) + 3_600
/** A good token. */
export function good(key = 'key 3', text: string | Buffer = 'user-17', exp = EXP, purpose = 'login'): string {
  return tokenOf({ key: keyText(key), purpose, text, exp })
}
