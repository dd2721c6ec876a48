import { type KoaApp, koa, wasReadOld } from './koa.ts'
import { badOption, checkLibrary, optionsOf } from './refuse.ts'
import type { RingKeys } from './ring-keys.ts'

export type KoaSessionLibrary = (options: never, app: never) => (context: never, next: never) => unknown
type Session = { maxAge: unknown }
type Context = { cookies: object; session: Session | null }
type Handler = (context: Context, next: () => Promise<unknown>) => Promise<unknown>

const DEFAULT_NAME = 'koa.sess'

/**
 * The middleware of the package koa-session over the keys of the ring. A session that an older key signed is saved again as a
 * whole once the app reads it, with its own age.
 */
export function koaSession<L extends KoaSessionLibrary>(
  keys: RingKeys,
  library: L,
  options: Parameters<L>[0],
  app: Parameters<L>[1] & KoaApp,
): ReturnType<L> {
  checkLibrary(library)
  const given = optionsOf(options, [])
  if (given.signed === false) throw badOption('signed', 'Anybody can make a session that is not signed')
  const make = library as unknown as (options: object, app: object) => Handler
  const session = make(given, koa(keys, app))
  const name = typeof given.key === 'string' && given.key ? given.key : DEFAULT_NAME
  const handler: Handler = (context, next) =>
    session(context, async () => {
      const wasRead = watchReads(context)
      await next()
      const read = wasRead() && wasReadOld(context.cookies, name) ? context.session : null
      // Setting the age, even to what it is, makes the package save the session and its cookie.
      if (read) setAge(read, read.maxAge)
    })
  return handler as unknown as ReturnType<L>
}

/** Whether the app reads the session: what does not depend on the visitor must bring nobody's cookie into a cache. */
function watchReads(context: Context): () => boolean {
  const inherited: object = Object.getPrototypeOf(context)
  let read = false
  Object.defineProperty(context, 'session', {
    configurable: true,
    get() {
      read = true
      return Reflect.get(inherited, 'session', context)
    },
    set(value: unknown) {
      Reflect.set(inherited, 'session', value, context)
    },
  })
  return () => read
}

function setAge(session: Session, maxAge: unknown): void {
  session.maxAge = maxAge
}
