import { type Static, Type } from 'typebox'
import { cleanText } from '../../domain/clean-text.ts'
import { grantExpiresAt } from '../../domain/grant.ts'
import { RESOURCE_ID_PATTERN } from '../../domain/resource-id.ts'
import type { ProvisionOutcome } from '../../flows/provisioning/provision.ts'
import type { ProvisionRequest } from '../../flows/provisioning/provision-request.ts'

/** Postgres takes no zero character in a text. */
const Text = Type.String({ maxLength: 2_000, pattern: '^[^\\u0000]*$' })
export const OptionalText = Type.Optional(Type.Union([Text, Type.Null()]))

/** What a request of either API says of the resource. Only what is used is described; Heroku may send more, or null. */
const RESOURCE = {
  plan: Type.String({ maxLength: 200 }),
  name: OptionalText,
  region: OptionalText,
  log_input_url: OptionalText,
  options: Type.Optional(Type.Unknown()),
}
const OauthGrant = Type.Optional(
  Type.Union([Type.Object({ code: OptionalText, expires_at: Type.Optional(Type.Unknown()) }), Type.Null()]),
)
const Uuid = Type.String({ pattern: RESOURCE_ID_PATTERN })

export const ProvisionBody = Type.Object({
  ...RESOURCE,
  uuid: Uuid,
  oauth_grant: OauthGrant,
})

/**
 * A request of the legacy API (Legacy Add-on Partner API Reference): a `heroku_id`, a `uuid`, or both. On the day of the
 * move to version 3 requests of that come too, with a grant.
 */
export const LegacyProvisionBody = Type.Object({
  ...RESOURCE,
  uuid: Type.Optional(Type.Union([Uuid, Type.Null()])),
  heroku_id: OptionalText,
  callback_url: OptionalText,
  oauth_grant: OauthGrant,
})

/** A field that is not listed is never sent. */
export const ProvisionAnswer = Type.Object({
  id: Type.String(),
  config: Type.Optional(Type.Record(Type.String(), Type.String())),
  message: Type.String(),
})

const PROVISIONED = 'Your keys are set and rotate by themselves. Sign with the first key, accept both.'

/** What is answered: the very same to a repeated request, and no keys when Heroku repeats none any more. */
export function provisionAnswer({ resourceId, config }: ProvisionOutcome): Static<typeof ProvisionAnswer> {
  return { id: resourceId, ...(Object.keys(config).length > 0 && { config }), message: PROVISIONED }
}

/** What a request says of the resource, cleaned. */
export function resourceOf(
  body: Pick<Static<typeof ProvisionBody>, keyof typeof RESOURCE>,
): Pick<ProvisionRequest, 'name' | 'plan' | 'region' | 'options' | 'logInputUrl'> {
  return {
    name: cleanOrNull(body.name),
    plan: planOf(body.plan),
    region: cleanOrNull(body.region),
    options: optionsOf(body.options),
    logInputUrl: body.log_input_url || null,
  }
}

/** The grant that came along; null where there is none. */
export function grantOf(
  { oauth_grant: grant }: Pick<Static<typeof ProvisionBody>, 'oauth_grant'>,
  now: Date,
): ProvisionRequest['grant'] {
  return grant?.code ? { code: grant.code, expiresAt: grantExpiresAt(grant.expires_at, now) } : null
}

function cleanOrNull(text: string | null | undefined): string | null {
  return text ? cleanText(text) || null : null
}

/** Heroku sends a plan's slug here, and `addon:slug` in its Platform API; either names it. */
export function planOf(plan: string): string {
  return plan.slice(plan.indexOf(':') + 1)
}

/** A map of texts. Some clients write a map of nothing as an empty list; whatever else comes holds no option. */
function optionsOf(options: unknown): Readonly<Record<string, unknown>> {
  return typeof options === 'object' && options !== null ? { ...options } : {}
}
