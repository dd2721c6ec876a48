import { addonConfig, setAddonConfig } from '../addon-config.ts'
import { type Call, type Endpoint, ok } from '../endpoint.ts'
import type { Heroku } from '../heroku.ts'
import { forbidden, HerokuError, invalidParams, unauthorized } from '../heroku-error.ts'
import { addonOfHerokuId, callbackUrlOf, herokuIdOf } from '../heroku-id.ts'
import { issueGrant } from '../oauth-tokens.ts'
import { CLOUD_REGIONS, logInputUrl, pacificTimestamp } from '../provision-body.ts'
import { type AddOn, appOf, attachmentsOf } from '../world.ts'

/**
 * The legacy API of partners (Add-on Provider App Info API), by basic auth with the manifest's id and password. It stays
 * open beside version 3, as it did while partners moved.
 */
export function vendorEndpoints(heroku: Heroku): Endpoint[] {
  const { settings } = heroku
  const addonIn = (call: Call) => {
    checkPassword(heroku, call)
    return addonOfHerokuId(heroku, call.params.id ?? '')
  }
  return [
    {
      method: 'GET',
      url: '/vendor/apps',
      access: 'vendor',
      answer: (call) => {
        checkPassword(heroku, call)
        const live = [...heroku.world.addons.values()].filter(({ state }) => state === 'provisioned')
        return ok(live.map((addon) => listed(heroku, addon)))
      },
    },
    {
      method: 'GET',
      url: '/vendor/apps/:id',
      access: 'vendor',
      answer: (call) => ok(appInfo(heroku, addonIn(call))),
    },
    {
      method: 'PUT',
      url: '/vendor/apps/:id',
      access: 'vendor',
      answer: (call) => {
        const addon = addonIn(call)
        setAddonConfig(heroku, addon, sentVars(heroku, call))
        // Only the status is documented.
        return ok(undefined)
      },
    },
    {
      method: 'GET',
      url: '/vendor/resources/:id/oauth-grant',
      access: 'vendor',
      answer: (call) => {
        const addon = addonIn(call)
        if (!settings.legacyGrants) throw forbidden()
        const { code, expiresAt } = issueGrant(heroku, addon)
        return ok({ code, expires_at: pacificTimestamp(new Date(expiresAt)), type: 'authorization_code' })
      },
    },
  ]
}

function checkPassword({ settings }: Heroku, call: Call): void {
  const { id, password } = settings.addon
  const right = `Basic ${Buffer.from(`${id}:${password}`).toString('base64')}`
  if (call.headers.authorization !== right) throw unauthorized()
}

function appInfo(heroku: Heroku, addon: AddOn) {
  const { name, region } = appOf(heroku.world, addon.appId)
  const onOwner = attachmentsOf(heroku.world, addon).find(({ appId }) => appId === addon.appId)
  return {
    id: herokuIdOf(heroku, addon),
    name,
    config: addonConfig(heroku, addon),
    callback_url: callbackUrlOf(heroku, addon),
    owner_email: heroku.world.customer.email,
    region: CLOUD_REGIONS[region],
    domains: [`${name}.herokuapp.example`],
    ...(onOwner && { log_input_url: logInputUrl(heroku, onOwner) }),
  }
}

function listed(heroku: Heroku, addon: AddOn) {
  return {
    provider_id: addon.providerId,
    heroku_id: herokuIdOf(heroku, addon),
    callback_url: callbackUrlOf(heroku, addon),
    plan: addon.plan,
    name: appOf(heroku.world, addon.appId).name,
    resource: { uuid: addon.id, name: addon.name },
  }
}

/** The vars of a PUT: an object of texts by declared names. */
function sentVars({ settings }: Heroku, call: Call): Record<string, string> {
  const { config } = call.body
  if (typeof config !== 'object' || config === null || Array.isArray(config)) {
    throw new HerokuError(400, 'bad_request', 'config must be an object.')
  }
  for (const [name, value] of Object.entries(config)) {
    if (!settings.addon.configVars.includes(name)) throw forbidden(`${name} is not declared in the manifest.`)
    if (typeof value !== 'string') throw invalidParams(`${name} is not a text.`)
  }
  return { ...config }
}
