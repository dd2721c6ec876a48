import type { Life } from '../life.ts'
import { liveList } from '../live-list.ts'
import { type AuthJsOptions, authJs } from './auth-js.ts'
import { type CookieSessionLibrary, type CookieSessionOptions, cookieSession } from './cookie-session.ts'
import { expressSession } from './express-session.ts'
import type { FastifyApp } from './fastify.ts'
import { type FastifyCookieOptions, fastifyCookie } from './fastify-cookie.ts'
import { type IronSessionOptions, ironSession } from './iron-session.ts'
import { jwt } from './jwt.ts'
import { type KoaApp, type KoaOptions, koa } from './koa.ts'
import { type KoaSessionLibrary, koaSession } from './koa-session.ts'
import { type OidcProvider, oidcProvider } from './oidc-provider.ts'
import type { RingKeys } from './ring-keys.ts'
import { secureSession } from './secure-session.ts'

/** What a ring hands to each framework. */
export type Adapters = ReturnType<typeof adaptersOf>

/** The adapters of a ring. Each one throws a `SecureKeyError` at the start for what would log visitors out. */
export function adaptersOf(keys: RingKeys) {
  return {
    /** `app.use(ring.cookieSession(cookieSession, { maxAge }))`: sessions that are renewed as a whole. */
    cookieSession: <L extends CookieSessionLibrary>(library: L, options?: CookieSessionOptions<L>) =>
      cookieSession(keys, library, options),
    /** `app.use(session(ring.expressSession({ store })))` */
    expressSession: <const O extends object>(options?: O) => expressSession(keys, options),
    /** `app.use(cookieParser(ring.cookieParser()))`. Set a cookie again when you read it: this package renews nothing. */
    cookieParser: () => liveList(() => keys.list().map(({ text }) => text)),
    /** `ring.koa(app, { renew: { login: { maxAge } } })`: `app.keys`, and cookies that are renewed as a whole. */
    koa: <A extends KoaApp>(app: A, options?: KoaOptions) => koa(keys, app, options),
    /** `app.use(ring.koaSession(session, { maxAge }, app))`, which does what `koa` does. */
    koaSession: <L extends KoaSessionLibrary>(
      library: L,
      options: Parameters<L>[0],
      app: Parameters<L>[1] & KoaApp,
    ) => koaSession(keys, library, options, app),
    /** `app.register(ring.fastifyCookie(fastifyCookie, { renew: { login: { maxAge } } }))` */
    fastifyCookie: (
      library: unknown,
      options?: FastifyCookieOptions & Readonly<Record<string, unknown>>,
    ): ((app: FastifyApp) => Promise<void>) => fastifyCookie(keys, library, options),
    /** `app.register(ring.secureSession(secureSession, { cookie: { path: '/' } }))` */
    secureSession: (
      library: unknown,
      options?: Readonly<Record<string, unknown>> | readonly Readonly<Record<string, unknown>>[],
    ): ((app: FastifyApp) => Promise<void>) => secureSession(keys, library, options),
    /** `getIronSession(request, response, ring.ironSession({ cookieName }))`. Needs `SECURE_KEYRING`. */
    ironSession: <const O extends IronSessionOptions>(options: O) => ironSession(keys, options),
    /** Keys by key id for jose and jsonwebtoken. Refuses an `expiresIn` beyond the guaranteed life. */
    jwt: (options?: { expiresIn?: Life; purpose?: string }) => jwt(keys, options),
    /** `ring.oidcProvider(Provider, issuer, configuration)` makes the provider. */
    oidcProvider: <P extends OidcProvider>(
      library: P,
      issuer: string,
      configuration?: ConstructorParameters<P>[1],
    ) => oidcProvider(keys, library, issuer, configuration),
    /** `NextAuth({ providers, ...ring.authJs() })`, for next-auth 5 and other packages over `@auth/core`. */
    authJs: (options?: AuthJsOptions) => authJs(keys, options),
  }
}
