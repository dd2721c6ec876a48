import { liveList } from '../live-list.ts'
import { badOption, optionsOf } from './refuse.ts'
import type { RingKeys } from './ring-keys.ts'

/** What the ring adds to the options of express-session. */
export type ExpressSessionSettings = {
  secret: string[]
  rolling: true
  resave: false
  saveUninitialized: false
}

/**
 * Options for the package express-session. Without `rolling` it never signs a cookie anew, and a daily visitor is logged out
 * at the second rotation. With `saveUninitialized` a process overwrites what it cannot verify.
 */
export function expressSession<const O extends object>(
  keys: RingKeys,
  options?: O,
): O & ExpressSessionSettings {
  const given = optionsOf(options, ['secret'])
  if (given.rolling === false) {
    throw badOption('rolling', 'Without rolling no cookie is signed anew, and visitors are logged out')
  }
  if (given.saveUninitialized === true) {
    throw badOption(
      'saveUninitialized',
      'With saveUninitialized a process overwrites the cookie of a visitor whose key it does not know yet',
    )
  }
  if (given.resave === true) {
    throw badOption('resave', 'With resave parallel requests overwrite what others have saved')
  }
  const secret = liveList(() => keys.list().map(({ text }) => text))
  return { ...(given as O), secret, rolling: true, resave: false, saveUninitialized: false }
}
