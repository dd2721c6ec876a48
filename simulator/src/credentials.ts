import type { Caller, Endpoint } from './endpoint.ts'
import type { Heroku } from './heroku.ts'
import { forbidden, HerokuError, notFound, unauthorized } from './heroku-error.ts'
import { checkAccessToken, TOKEN_PREFIX, tokenHolder } from './oauth-tokens.ts'
import { seesAddon, userOfKey, worksOn } from './users.ts'
import { type AddOn, type App, addonOf, appOf, liveAddonOf } from './world.ts'

/** The credential of a request: the Bearer token, or the password of basic auth; undefined without one. */
export function credentialIn(authorization: string | undefined): string | undefined {
  const [scheme = '', value = ''] = (authorization ?? '').split(' ', 2)
  if (value === '') return undefined
  if (scheme.toLowerCase() === 'bearer') return value
  if (scheme.toLowerCase() !== 'basic') return undefined
  const text = Buffer.from(value, 'base64').toString()
  return text.slice(text.indexOf(':') + 1)
}

/** Endpoints with these look at the credentials by themselves. */
const OWN_CREDENTIALS: readonly Endpoint['access'][] = ['oauth', 'logplex', 'vendor']

/** Whether the credential is, or was, a partner's: such a call is recorded and may be hit by a fault. */
export function isPartnerCredential(
  heroku: Heroku,
  access: Endpoint['access'],
  credential: string | undefined,
): boolean {
  if (access === 'partner' || OWN_CREDENTIALS.includes(access)) return true
  return (
    credential !== undefined &&
    (credential.startsWith(TOKEN_PREFIX) || tokenHolder(heroku, credential) !== undefined)
  )
}

/**
 * Lets a caller in, or refuses. The order matters to the service: a dead token is 401 (refresh it), a deprovisioned
 * resource with a token that was good is 404 (stop).
 */
export function admit(heroku: Heroku, access: Endpoint['access'], credential: string | undefined): Caller {
  if (OWN_CREDENTIALS.includes(access)) return { kind: 'anyone' }
  if (credential === undefined)
    throw unauthorized('There were no credentials in your `Authorization` header.')
  if (!isPartnerCredential(heroku, access, credential))
    return { kind: 'customer', user: userOfKey(heroku, credential) }
  const holder = tokenHolder(heroku, credential)
  if (holder?.state === 'deprovisioned') throw notFound('addon')
  checkAccessToken(heroku, credential)
  if (holder === undefined) throw notFound('addon')
  if (access === 'customer') throw forbidden()
  return { kind: 'partner', addon: holder }
}

/** Accept must name version 3 of the API, else 406; only the partner's calls are checked, curl is let off. */
export function checkAccept(accept: string | undefined): void {
  if (accept?.includes('application/vnd.heroku+json') && /version=3/.test(accept)) return
  const message = 'Accept must be `application/vnd.heroku+json; version=3`.'
  throw new HerokuError(406, 'not_acceptable', message)
}

/**
 * The add-on in the path, when the caller reaches it. A partner's token reaches one resource only, under its id, its
 * name or the slug of the add-on.
 */
export function reachableAddon(heroku: Heroku, caller: Caller, idOrName: string): AddOn {
  if (caller.kind === 'partner' && idOrName === heroku.settings.addon.id) return caller.addon
  const addon =
    caller.kind === 'partner' ? addonOf(heroku.world, idOrName) : liveAddonOf(heroku.world, idOrName)
  if (caller.kind === 'partner' && addon.id !== caller.addon.id) throw forbidden()
  if (caller.kind === 'customer' && !seesAddon(heroku.world, caller.user, addon)) throw forbidden()
  return addon
}

/**
 * The app in the path, when the caller reaches it: a partner only where its add-on is attached or billed, a person only where
 * it works on it.
 */
export function reachableApp(heroku: Heroku, caller: Caller, idOrName: string): App {
  const app = appOf(heroku.world, idOrName)
  if (caller.kind === 'customer' && !worksOn(heroku.world, caller.user, app)) {
    throw forbidden(`You do not have access to the app ${app.name}.`)
  }
  if (caller.kind !== 'partner') return app
  const attached = app.attachmentIds.some((id) => caller.addon.attachmentIds.includes(id))
  if (!attached && caller.addon.appId !== app.id) throw forbidden()
  return app
}

/** As `reachableApp`, for what a partner sees only when it was granted releases and dynos. */
export function reachableReleasesOf(heroku: Heroku, caller: Caller, idOrName: string): App {
  const app = reachableApp(heroku, caller, idOrName)
  if (caller.kind === 'partner' && !heroku.settings.grantReleases) throw forbidden()
  return app
}
