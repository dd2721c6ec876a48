import type { Heroku } from './heroku.ts'
import { callbackUrlOf, herokuIdOf } from './heroku-id.ts'
import { issueGrant } from './oauth-tokens.ts'
import type { AddOn, App, Attachment } from './world.ts'

export const CLOUD_REGIONS = { us: 'amazon-web-services::us-east-1', eu: 'amazon-web-services::eu-west-1' }

/**
 * The body of a provision request (Add-on Partner API Reference), with one field that no document names: a service
 * must ignore what it does not know. `grant: 'null'` sends no grant, which implementers have met.
 */
export function provisionBody(
  heroku: Heroku,
  addon: AddOn,
  app: App,
  attachment: Attachment,
  grant: 'valid' | 'null',
): string {
  if (heroku.settings.partnerApi === 'v1') return legacyBody(heroku, addon, app, attachment)
  return JSON.stringify({
    callback_url: `${heroku.url()}/addons/${addon.id}`,
    name: addon.name,
    oauth_grant: grant === 'null' ? null : grantField(heroku, addon),
    options: addon.options,
    plan: addon.plan,
    region: CLOUD_REGIONS[app.region],
    uuid: addon.id,
    log_input_url: logInputUrl(heroku, attachment),
    provisioning_context: { undocumented: true },
  })
}

/** The same of the legacy API: an id of Heroku's own, and where the config is read and written; no grant and no name. */
function legacyBody(heroku: Heroku, addon: AddOn, app: App, attachment: Attachment): string {
  return JSON.stringify({
    heroku_id: herokuIdOf(heroku, addon),
    ...(heroku.settings.legacyIds === 'uuid' && { uuid: addon.id }),
    plan: addon.plan,
    region: CLOUD_REGIONS[app.region],
    callback_url: callbackUrlOf(heroku, addon),
    logplex_token: attachment.logToken,
    log_input_url: logInputUrl(heroku, attachment),
    options: addon.options,
  })
}

/**
 * Where the service writes to the app's log; it carries its own basic auth (Add-on Partner Log Integration). Null for a
 * Fir-generation app, where log input is not supported.
 */
export function logInputUrl(heroku: Heroku, attachment: Attachment): string | null {
  if (heroku.world.apps.get(attachment.appId)?.generation === 'fir') return null
  return `${heroku.url().replace('://', `://token:${attachment.logToken}@`)}/logs`
}

/** `2016-03-03T18:01:31-0800`: the offset has no colon, which a strict RFC 3339 parser refuses. */
export function pacificTimestamp(date: Date): string {
  return `${new Date(date.getTime() - 8 * 60 * 60 * 1000).toISOString().slice(0, 19)}-0800`
}

function grantField(heroku: Heroku, addon: AddOn) {
  const { code, expiresAt } = issueGrant(heroku, addon)
  return { code, expires_at: pacificTimestamp(new Date(expiresAt)), type: 'authorization_code' }
}
