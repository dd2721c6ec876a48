import { addonObject, planObject, serviceReference } from '../api-objects.ts'
import { reachableApp } from '../credentials.ts'
import { type Call, created, type Endpoint, ok } from '../endpoint.ts'
import { objectFrom, optionalText, optionalTexts } from '../fields.ts'
import type { Heroku } from '../heroku.ts'
import { invalidParams, notFound } from '../heroku-error.ts'
import { page } from '../paging.ts'
import { type CreateAddonInput, provision } from '../provisioning.ts'
import { changePlan, destroy, rename } from '../resource-changes.ts'
import { ssoForm } from '../sso-form.ts'
import { seesAddon, userOf } from '../users.ts'
import { type AddOn, attachmentsOf } from '../world.ts'
import { resolveAddons } from './resolving.ts'

/** What the CLI does with add-ons: create, list, upgrade, rename, destroy, open (Platform API, "Add-on"). */
export function customerAddonEndpoints(heroku: Heroku): Endpoint[] {
  const appIn = (call: Call) => reachableApp(heroku, call.caller, call.params.app ?? '')
  const addonIn = (call: Call): AddOn => {
    const app = appIn(call)
    const [addon] = resolveAddons(heroku, call.params.addon ?? '', { app, user: userOf(heroku, call.caller) })
    if (addon === undefined) throw notFound('addon')
    return addon
  }
  const live = () => [...heroku.world.addons.values()].filter(({ state }) => state !== 'deprovisioned')
  const objects = (addons: AddOn[]) => addons.map((addon) => addonObject(heroku, addon))
  const endpoint = (method: Endpoint['method'], url: string, answer: Endpoint['answer']): Endpoint => ({
    method,
    url,
    access: 'customer',
    answer,
  })
  return [
    endpoint('GET', '/addons', (call) => {
      const user = userOf(heroku, call.caller)
      return page(call, objects(live().filter((addon) => seesAddon(heroku.world, user, addon))), [
        'id',
        'name',
      ])
    }),
    endpoint('GET', '/apps/:app/addons', (call) => {
      const app = appIn(call)
      const here = new Set(attachmentsOf(heroku.world, app).map(({ addonId }) => addonId))
      return page(call, objects(live().filter(({ id, appId }) => appId === app.id || here.has(id))), [
        'id',
        'name',
      ])
    }),
    endpoint('POST', '/apps/:app/addons', async (call) => {
      return created(addonObject(heroku, await provision(heroku, readCreate(appIn(call).id, call.body))))
    }),
    endpoint('GET', '/apps/:app/addons/:addon', (call) => ok(addonObject(heroku, addonIn(call)))),
    endpoint('PATCH', '/apps/:app/addons/:addon', async (call) => {
      const addon = addonIn(call)
      const plan = planIn(call.body)
      const name = optionalText(call.body, 'name')
      if (name !== undefined) rename(heroku, { addon: addon.id, name })
      if (plan !== undefined) await changePlan(heroku, { addon: addon.id, plan })
      return ok(addonObject(heroku, addon))
    }),
    endpoint('DELETE', '/apps/:app/addons/:addon', async (call) => {
      const addon = addonIn(call)
      const elsewhere = attachmentsOf(heroku.world, addon).some(({ appId }) => appId !== addon.appId)
      if (elsewhere && call.body.force !== true) {
        throw invalidParams('The add-on is attached to other apps; destroy it with --force')
      }
      const object = addonObject(heroku, addon)
      await destroy(heroku, { addon: addon.id })
      return ok({ ...object, state: addon.state })
    }),
    endpoint('GET', '/apps/:app/addons/:addon/sso', (call) => {
      // The CLI asks by this variant; whether anybody else is answered is not known.
      if (!call.headers.accept?.includes('version=3.sdk')) throw notFound('addon')
      const { id: userId, email } = userOf(heroku, call.caller)
      const { url, fields } = ssoForm(heroku, { addon: addonIn(call).id, app: appIn(call).id, userId, email })
      return ok({ action: url, method: 'post', params: fields })
    }),
    endpoint('GET', '/addon-services', (call) => page(call, [serviceObject(heroku)], ['id', 'name'])),
    endpoint('GET', '/addon-services/:service', (call) => ok(serviceNamed(heroku, call))),
    endpoint('GET', '/addon-services/:service/plans', (call) => {
      serviceNamed(heroku, call)
      return page(
        call,
        heroku.settings.addon.plans.map((plan) => planObject(heroku, plan)),
        ['id', 'name'],
      )
    }),
  ]
}

/** The CLI's body: `plan` an object or a text, `attachment.name` for `--as`, `config` for every other flag. */
function readCreate(app: string, body: Record<string, unknown>): CreateAddonInput {
  const options: Record<string, string | boolean> = {}
  for (const [name, value] of Object.entries(objectFrom(body.config))) {
    if (typeof value === 'string' || typeof value === 'boolean') options[name] = value
  }
  const as = optionalText(objectFrom(body.attachment), 'name')
  return {
    app,
    plan: planIn(body) ?? '',
    options,
    ...optionalTexts(body, ['name', 'confirm']),
    ...(as === undefined ? {} : { as }),
  }
}

function planIn(body: Record<string, unknown>): string | undefined {
  const plan = objectFrom(body.plan)
  return optionalText(body, 'plan') ?? optionalText(plan, 'name') ?? optionalText(plan, 'id')
}

function serviceNamed(heroku: Heroku, call: Call) {
  const service = serviceObject(heroku)
  if (call.params.service !== service.name && call.params.service !== service.id) throw notFound('service')
  return service
}

function serviceObject(heroku: Heroku) {
  return {
    ...serviceReference(heroku),
    cli_plugin_name: null,
    created_at: '2026-01-01T00:00:00Z',
    human_name: heroku.settings.addon.id,
    state: 'ga',
    supports_multiple_installations: true,
    supports_sharing: true,
    updated_at: '2026-01-01T00:00:00Z',
  }
}
