import type { Life } from '../life.ts'
import { liveList } from '../live-list.ts'
import { namedOptions } from '../named-options.ts'
import { SecureKeyError } from '../secure-key-error.ts'
import { badOption } from './refuse.ts'
import type { RingKeys } from './ring-keys.ts'

export type AuthJsOptions = {
  /** The life of a session without a visit; the guaranteed life if it is not given. */
  maxAge?: Life
  /** The version of next-auth or @auth/core, so that one which takes a single secret is refused. */
  version?: string
}
export type AuthJsSettings = { secret: string[]; session: { strategy: 'jwt'; maxAge: number } }

/**
 * What the configuration of Auth.js takes: next-auth 5, @auth/core. Throws `unsafe-framework` for next-auth 4, which knows one
 * secret and logs everybody out at each rotation, and `life-too-long`.
 */
export function authJs(keys: RingKeys, options?: AuthJsOptions): AuthJsSettings {
  const { maxAge, version } = namedOptions(options, ['maxAge', 'version'])
  if (version !== undefined) checkVersion(version)
  const lifeS = keys.lifeOf(maxAge)
  const secret = liveList(() => keys.list(lifeS).map(({ text }) => text))
  return { secret, session: { strategy: 'jwt', maxAge: lifeS } }
}

/** The packages count apart: `@auth/core` takes a list since 0.24, next-auth since 5. */
function checkVersion(version: unknown): void {
  const [, major, minor] = /^(\d{1,4})\.(\d{1,4})\./.exec(String(version)) ?? []
  if (major === undefined) throw badOption('version', 'The version is not of the form 5.0.0')
  if (Number(major) >= 5 || (Number(major) === 0 && Number(minor) >= 24)) return
  throw new SecureKeyError(
    'unsafe-framework',
    'This version knows one secret only and logs everybody out at each rotation: use next-auth 5',
    { place: 'version' },
  )
}
