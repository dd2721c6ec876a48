import { SecureKeyError } from '../secure-key-error.ts'
import { cookieOf, withoutCookie } from './cookie-header.ts'
import { checkLibrary, optionsOf } from './refuse.ts'
import type { RingKeys } from './ring-keys.ts'
import { createSignatures, keygripOf, type Signatures, type Standing } from './signatures.ts'

export type CookieSessionLibrary = (
  options: never,
) => (request: never, response: never, next: never) => unknown
/** The options of the package, without those that the keyring sets. */
export type CookieSessionOptions<L extends CookieSessionLibrary> = Omit<
  Exclude<Parameters<L>[0], undefined>,
  'keys' | 'secret' | 'signed'
>

type Request = { headers: { cookie?: string }; session?: object | null }
type Response = { writeHead: (...args: unknown[]) => unknown }
type Handler = (request: Request, response: Response, next: () => void) => void

/**
 * The middleware of the package cookie-session over the keys of the ring. A session that an older key signed is saved again
 * as a whole once the app reads it, with the age and all that the options say. A signature that no accepted key made is
 * refused and left in the browser: another process may know its key.
 */
export function cookieSession<L extends CookieSessionLibrary>(
  keys: RingKeys,
  library: L,
  options?: CookieSessionOptions<L>,
): ReturnType<L> {
  checkLibrary(library)
  const given = optionsOf(options, ['keys', 'secret', 'signed'])
  const signatures = createSignatures(keys)
  const make = library as unknown as (options: object) => Handler
  const session = make({ ...given, keys: keygripOf(signatures) })
  checkVersion(session)
  const name = typeof given.name === 'string' && given.name ? given.name : 'session'
  const handler: Handler = (request, response, next) => {
    const standing = hideUnknown(request, name, signatures)
    const renewing = () => {
      saveOnceRead(request, response)
      next()
    }
    session(request, response, standing === 'old' ? renewing : next)
  }
  return handler as unknown as ReturnType<L>
}

/**
 * Version 1 compares the session with its cookie and would save no copy, so it cannot be told to renew. It says its name on the
 * request, which version 2 does not. Throws `unsafe-framework`.
 */
function checkVersion(session: Handler): void {
  const request: Request & { sessionKey?: unknown } = { headers: {} }
  session(request, { writeHead: () => undefined }, () => {})
  if (request.sessionKey === undefined) return
  throw new SecureKeyError('unsafe-framework', 'cookie-session 1 renews half of a cookie: use version 2', {
    place: 'library',
  })
}

/** What `cookies` cannot verify it deletes, so it must not see it. */
function hideUnknown({ headers }: Request, name: string, { judge }: Signatures): Standing {
  const value = cookieOf(headers.cookie, name)
  const signature = cookieOf(headers.cookie, `${name}.sig`)
  if (value === undefined || signature === undefined) return 'unknown'
  const standing = judge(`${name}=${value}`, signature)
  if (standing === 'unknown') headers.cookie = withoutCookie(headers.cookie, `${name}.sig`)
  return standing
}

/**
 * Before the headers are sent, the session is set to a copy of itself, which the package takes for a change. Only if the app
 * has read it: what does not depend on the visitor may be kept by a shared cache, and must bring nobody's cookie.
 */
function saveOnceRead(request: Request, response: Response): void {
  const own = Object.getOwnPropertyDescriptor(request, 'session')
  const read = own?.get
  if (!own || !read) return
  let session: unknown
  Object.defineProperty(request, 'session', {
    ...own,
    get() {
      session = read.call(request)
      return session
    },
  })
  const { writeHead } = response
  response.writeHead = (...args) => {
    // Null where the app has ended it.
    if (session && request.session) request.session = { ...request.session }
    session = undefined
    return writeHead.apply(response, args)
  }
}
