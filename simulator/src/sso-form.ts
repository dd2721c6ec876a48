import type { Heroku } from './heroku.ts'
import { resourceToken, userScopedToken } from './sso-token.ts'
import { type AddOn, addonOf, appOf } from './world.ts'

/** The eleven fields of the form that Heroku's site posts to the service (Add-on Single Sign-on). */
export type SsoField =
  | 'resource_id'
  | 'resource_token'
  | 'user_scoped_resource_token'
  | 'timestamp'
  | 'user_id'
  | 'email'
  | 'app'
  | 'context_app'
  | 'id'
  | 'token'
  | 'nav-data'

/** `app` is where the dashboard is opened from; `tamper` replaces fields after signing, null leaves one out. */
export type SsoInput = {
  addon: string
  userId?: string
  email?: string
  app?: string
  at?: Date
  tamper?: Partial<Record<SsoField, string | null>>
}

/** Where the browser posts what. */
export type SsoForm = { url: string; fields: Record<string, string> }

/** Builds the signed form for an add-on, a deprovisioned one too: the service must refuse that by itself. */
export function ssoForm(heroku: Heroku, input: SsoInput): SsoForm {
  const addon = addonOf(heroku.world, input.addon)
  const { customer } = heroku.world
  const timestamp = String(Math.floor((input.at ?? heroku.now()).getTime() / 1000))
  const userId = input.userId ?? customer.id
  const email = input.email ?? customer.email
  const ownerName = heroku.world.apps.get(addon.appId)?.name ?? ''
  const salt = heroku.settings.addon.ssoSalt
  const providerId = addon.providerId ?? addon.id
  const signed: Record<SsoField, string | null> = {
    resource_id: addon.id,
    resource_token: resourceToken(addon.id, salt, timestamp),
    user_scoped_resource_token: userScopedToken(addon.id, salt, timestamp, userId, email),
    timestamp,
    user_id: userId,
    email,
    app: ownerName,
    context_app: contextAppName(heroku, addon, input.app) ?? ownerName,
    id: providerId,
    token: resourceToken(providerId, salt, timestamp),
    'nav-data': Buffer.from(JSON.stringify({ addon: addon.name, appname: ownerName })).toString('base64url'),
  }
  const legacy = heroku.settings.partnerApi === 'v1'
  const fields = Object.entries({ ...signed, ...input.tamper }).filter((field): field is [string, string] => {
    return typeof field[1] === 'string' && (!legacy || LEGACY_FIELDS.includes(field[0]))
  })
  return { url: heroku.settings.addon.ssoUrl, fields: Object.fromEntries(fields) }
}

/** All that the legacy API sends. None of its tokens says who the user is. */
const LEGACY_FIELDS: readonly string[] = ['id', 'token', 'timestamp', 'nav-data', 'email', 'app']

/** The link by which the legacy API signs on where the manifest names no `sso_url`. */
export function ssoLink(heroku: Heroku, input: SsoInput): string {
  const { fields } = ssoForm(heroku, input)
  const { providerId, id } = addonOf(heroku.world, input.addon)
  const url = new URL(`${heroku.settings.addon.baseUrl}/${encodeURIComponent(providerId ?? id)}`)
  for (const [name, value] of Object.entries(fields)) url.searchParams.set(name, value)
  return url.href
}

function contextAppName(heroku: Heroku, addon: AddOn, app: string | undefined): string | undefined {
  return app === undefined ? heroku.world.apps.get(addon.appId)?.name : appOf(heroku.world, app).name
}
