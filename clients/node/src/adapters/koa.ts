import { namedOptions } from '../named-options.ts'
import { badOption, optionsOf } from './refuse.ts'
import type { RingKeys } from './ring-keys.ts'
import { createSignatures, type KeygripLike, keygripOf, type Signatures } from './signatures.ts'

/** What a cookie is set with: the options of `ctx.cookies.set`. */
export type CookieAttributes = Readonly<Record<string, unknown>>

export type KoaOptions = {
  /** By name: what a cookie is set with, so that it can be signed anew as a whole when the app reads it. */
  renew?: Readonly<Record<string, CookieAttributes>>
}

export type KoaApp = { keys: unknown; context: object }

type Options = { signed?: boolean } & CookieAttributes
type Cookies = {
  get: (name: string, options?: Options) => string | undefined
  set: (name: string, value?: string | null, options?: Options) => unknown
  response: { headersSent: boolean }
  secure?: boolean
}

const decorated = new WeakSet<object>()
const oldCookies = new WeakMap<object, Set<string>>()
/** What was said for an app before: `koaSession` beside `koa`, or `koa` twice, must not take it away. */
const renewals = new WeakMap<object, ReadonlyMap<string, CookieAttributes>>()

/**
 * Signs the cookies of a Koa app with the keys of the ring. A signed cookie that an older key made is set again as a whole
 * when the app reads it, if `renew` says what it is set with; nothing is renewed by half. A signature that no accepted key
 * made is refused and left in the browser: another process may know its key.
 */
export function koa<A extends KoaApp>(keys: RingKeys, app: A, options?: KoaOptions): A {
  const told = renewOf(namedOptions(options, ['renew']))
  if (typeof app?.context !== 'object' || app.context === null) {
    throw badOption('app', 'The app is not one of Koa')
  }
  const renew = new Map([...(renewals.get(app.context) ?? []), ...told])
  renewals.set(app.context, renew)
  const signatures = createSignatures(keys)
  const keygrip: KeygripLike = keygripOf(signatures)
  app.keys = keygrip
  const inherited: object = Object.getPrototypeOf(app.context)
  Object.defineProperty(app.context, 'cookies', {
    configurable: true,
    enumerable: true,
    get() {
      const cookies: Cookies = Reflect.get(inherited, 'cookies', this)
      return decorated.has(cookies) ? cookies : decorate(cookies, signatures, renew)
    },
    set(value: unknown) {
      Reflect.set(inherited, 'cookies', value, this)
    },
  })
  return app
}

/** What cookies are set with, by name. Throws `bad-option`. */
export function renewOf(options: object | undefined): ReadonlyMap<string, CookieAttributes> {
  const renew = optionsOf(options, []).renew ?? {}
  const entries = typeof renew === 'object' ? Object.entries(renew) : undefined
  if (!entries?.every(([, attributes]) => typeof attributes === 'object' && attributes !== null)) {
    throw badOption('renew', 'It says by name what a cookie is set with')
  }
  return new Map(entries)
}

/** Whether a request brought a signed cookie of this name that an older key made, and the app has read it. */
export function wasReadOld(cookies: object, name: string): boolean {
  return oldCookies.get(cookies)?.has(name) ?? false
}

function decorate(
  cookies: Cookies,
  { judge }: Signatures,
  renew: ReadonlyMap<string, CookieAttributes>,
): Cookies {
  const get = cookies.get.bind(cookies)
  const set = cookies.set.bind(cookies)
  const old = new Set<string>()
  cookies.get = (name, options) => {
    // Without options, and with `signed: false`, Koa verifies nothing.
    if (!options || options.signed === false) return get(name, options)
    const value = get(name, { ...options, signed: false })
    const signature = value === undefined ? undefined : get(`${name}.sig`, { signed: false })
    if (value === undefined || !signature) return undefined
    const standing = judge(`${name}=${value}`, signature)
    if (standing === 'unknown') return undefined
    const attributes = renew.get(name)
    if (standing === 'old' && !old.has(name)) {
      old.add(name)
      if (attributes && canSet(cookies, attributes)) set(name, value, { ...attributes, signed: true })
    }
    return value
  }
  // What the app sets takes the place of what was renewed before: a browser would keep the last of two anyway.
  cookies.set = (name, value, options) => set(name, value, overwriting(options, old.has(name)))
  decorated.add(cookies)
  oldCookies.set(cookies, old)
  return cookies
}

/** `set` throws where a cookie can no longer be sent, or must not: reading one is no reason for an error. */
function canSet({ response, secure }: Cookies, attributes: CookieAttributes): boolean {
  return !response.headersSent && (secure === true || !attributes.secure)
}

function overwriting(options: Options | undefined, renewed: boolean): Options | undefined {
  return options && renewed ? { ...options, overwrite: true } : options
}
