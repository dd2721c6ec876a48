import { addonConfig, setAddonConfig } from '../addon-config.ts'
import { addonObject, attachmentObject } from '../api-objects.ts'
import { sentConfig } from '../call-record.ts'
import { reachableAddon } from '../credentials.ts'
import { type Call, type Endpoint, ok } from '../endpoint.ts'
import type { Heroku } from '../heroku.ts'
import { HerokuError, invalidParams } from '../heroku-error.ts'
import { page } from '../paging.ts'
import { completeProvisioning } from '../provisioning.ts'
import { acceptDeprovisioned } from '../resource-changes.ts'
import { attachmentsOf } from '../world.ts'

/** One add-on as the Platform API for Partners offers it: object, config, the two actions, its attachments. */
export function addonEndpoints(heroku: Heroku): Endpoint[] {
  const addonIn = (call: Call) => reachableAddon(heroku, call.caller, call.params.addon ?? '')
  const configItems = (call: Call) =>
    Object.entries(addonConfig(heroku, addonIn(call))).map(([name, value]) => ({ name, value }))
  return [
    {
      method: 'GET',
      url: '/addons/:addon',
      access: 'either',
      answer: (call) => ok(addonObject(heroku, addonIn(call))),
    },
    {
      method: 'GET',
      url: '/addons/:addon/config',
      access: 'either',
      answer: (call) => ok(configItems(call)),
    },
    {
      method: 'PATCH',
      url: '/addons/:addon/config',
      access: 'partner',
      answer: (call) => {
        const addon = addonIn(call)
        setAddonConfig(heroku, addon, readChanges(call.body))
        return ok(Object.entries(addon.config).map(([name, value]) => ({ name, value })))
      },
    },
    {
      method: 'POST',
      url: '/addons/:addon/actions/provision',
      access: 'partner',
      answer: (call) => {
        const addon = addonIn(call)
        completeProvisioning(heroku, addon)
        return ok(addonObject(heroku, addon))
      },
    },
    {
      method: 'POST',
      url: '/addons/:addon/actions/deprovision',
      access: 'partner',
      answer: (call) => {
        const addon = addonIn(call)
        acceptDeprovisioned(heroku, addon)
        return ok(addonObject(heroku, addon))
      },
    },
    {
      method: 'GET',
      url: '/addons/:addon/addon-attachments',
      access: 'either',
      answer: (call) => {
        const attachments = attachmentsOf(heroku.world, addonIn(call))
        const forPartner = call.caller.kind === 'partner'
        const objects = attachments.map((attachment) => attachmentObject(heroku, attachment, forPartner))
        return page(call, objects, ['id', 'name', 'created_at'])
      },
    },
  ]
}

/** The changes of a config PATCH; anything but a list of `{ name, value: string | null }` is refused. */
function readChanges(body: Record<string, unknown>): Record<string, string | null> {
  if (!Array.isArray(body.config)) throw new HerokuError(400, 'bad_request', 'config must be a list.')
  const changes = sentConfig(body)
  if (Object.keys(changes).length !== body.config.length) {
    throw invalidParams('Each item of config needs a name and a value that is a string or null.')
  }
  return changes
}
