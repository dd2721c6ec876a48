import { type Life, secondsOf } from '../life.ts'
import type { Key } from '../secure-key.ts'
import { SecureKeyError } from '../secure-key-error.ts'
import { showAs } from '../shown.ts'
import { badOption, optionsOf } from './refuse.ts'
import type { RingKeys } from './ring-keys.ts'
import { signing } from './signatures.ts'

export type IronSessionOptions = { cookieName: string; ttl?: Life }

/** What the ring adds to the options of iron-session. */
export type IronSessionSettings = { password: Record<string, string>; ttl: number }

/**
 * Options for the package iron-session: passwords by the true versions of the keys, and a `ttl` in seconds, the guaranteed life
 * if none is given. A session is sealed anew only when the app saves it. Throws `no-versions` without a keyring, and
 * `life-too-long`.
 */
export function ironSession<const O extends IronSessionOptions>(
  keys: RingKeys,
  options: O,
): Omit<O, 'ttl'> & IronSessionSettings {
  const given = optionsOf(options, ['password'])
  const ttl = keys.lifeOf(given.ttl === undefined ? undefined : lifeOf(given.ttl))
  checkAge(given.cookieOptions)
  passwords(keys, ttl)
  const settings = {
    ...given,
    ttl,
    get password() {
      return passwords(keys, ttl)
    },
  }
  return settings as unknown as Omit<O, 'ttl'> & IronSessionSettings
}

/** Iron seals with the highest version that it can list, so the others can be looked up and are not listed. */
function passwords(keys: RingKeys, lifeS: number): Record<string, string> {
  const list = keys.list(lifeS)
  const map: Record<string, string> = Object.create(null)
  for (const key of list) {
    const version = keys.versionOf(key)
    if (version === undefined) continue
    Object.defineProperty(map, version, { value: key.text, enumerable: key === signing(list) })
  }
  if (keys.versionOf(signing(list)) === undefined) throw noVersions(signing(list))
  return showAs(map, 'Passwords', () => Object.getOwnPropertyNames(map).filter((name) => /^\d+$/.test(name)))
}

/** `ttl: 0` and `maxAge: undefined` make a seal without an end. */
function lifeOf(ttl: unknown): Life {
  if (ttl === 0) throw new SecureKeyError('life-too-long', 'A session without an end outlives every key')
  const seconds = secondsOf(ttl)
  if (seconds === undefined)
    throw badOption('ttl', 'The ttl is a whole number of seconds, or a text such as 12h')
  return seconds
}

function checkAge(cookieOptions: unknown): void {
  if (typeof cookieOptions !== 'object' || cookieOptions === null) return
  if ('maxAge' in cookieOptions && cookieOptions.maxAge === undefined) {
    throw new SecureKeyError(
      'life-too-long',
      'With maxAge undefined the seal has no end and outlives every key',
    )
  }
}

function noVersions({ kid }: Key): SecureKeyError {
  return new SecureKeyError(
    'no-versions',
    `iron-session numbers its passwords, and without SECURE_KEYRING key ${kid} has no version`,
  )
}
