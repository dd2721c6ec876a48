import { configWithoutAttachment, setAddonConfig } from './addon-config.ts'
import { endAttachment } from './attaching.ts'
import type { Heroku } from './heroku.ts'
import { timestamp } from './heroku.ts'
import { invalidParams, notFound } from './heroku-error.ts'
import { herokuIdOf } from './heroku-id.ts'
import { checkAddonName } from './names.ts'
import { revokeTokens } from './oauth-tokens.ts'
import { addonEvent, knownPlan } from './provisioning.ts'
import { cutRelease } from './releases.ts'
import { checkServiceAnswer, refused } from './service-answer.ts'
import { callService, type ServiceAnswer } from './service-client.ts'
import { type AddOn, type App, addonOf, appOf, attachmentsOf, liveAddonOf } from './world.ts'

/** Changes the plan (`addons:upgrade`): the service is asked by PUT; on a refusal the plan stays. */
export async function changePlan(heroku: Heroku, input: { addon: string; plan: string }): Promise<AddOn> {
  const addon = liveAddonOf(heroku.world, input.addon)
  const plan = knownPlan(heroku, input.plan)
  const answer = await callService(heroku, {
    method: 'PUT',
    path: resourcePath(addon),
    body: JSON.stringify({ plan, ...(isLegacy(heroku) && { heroku_id: herokuIdOf(heroku, addon) }) }),
  })
  const good = checkServiceAnswer(answer, { configVars: heroku.settings.addon.configVars, idRequired: false })
  liveAddonOf(heroku.world, addon.id)
  if (Object.keys(good.config).length > 0) setAddonConfig(heroku, addon, good.config)
  addon.plan = plan
  addon.provisionMessage = good.message
  addon.updatedAt = timestamp(heroku)
  addonEvent(heroku, 'update', addon)
  return addon
}

/** Gives the add-on another name (`addons:rename`); the service is not told but by webhook. */
export function rename(heroku: Heroku, input: { addon: string; name: string }): AddOn {
  const addon = liveAddonOf(heroku.world, input.addon)
  if (input.name === addon.name) return addon
  checkAddonName(heroku, input.name)
  heroku.world.addonIdsByName.delete(addon.name)
  heroku.world.addonIdsByName.set(input.name, addon.id)
  addon.name = input.name
  addon.updatedAt = timestamp(heroku)
  addonEvent(heroku, 'update', addon)
  return addon
}

/**
 * Destroys the add-on (`addons:destroy`): the service is asked by DELETE; 404 and 410 count as gone. A 202 leaves it
 * `deprovisioning` until the service calls the deprovision action. Any other answer leaves everything as it was.
 */
export async function destroy(heroku: Heroku, input: { addon: string }): Promise<AddOn> {
  const addon = liveAddonOf(heroku.world, input.addon)
  const answer = await deleteResource(heroku, addon)
  const gone = answer.status === 404 || answer.status === 410
  if (!gone && (answer.status < 200 || answer.status > 299)) {
    throw refused(
      'Could not communicate with vendor, please try again later',
      answer,
      answer.failure ?? undefined,
    )
  }
  if (isLegacy(heroku) && !gone && answer.json === undefined)
    throw refused('Could not communicate with vendor, please try again later', answer, 'no JSON')
  // A second destroy may have ended first.
  if (addon.state === 'deprovisioned') return addon
  if (answer.status === 202) addon.state = 'deprovisioning'
  else completeDeprovisioning(heroku, addon)
  return addon
}

/** Sends the DELETE of an add-on once more, whatever has become of it. */
export async function repeatDeprovision(heroku: Heroku, idOrName: string): Promise<ServiceAnswer> {
  return deleteResource(heroku, addonOf(heroku.world, idOrName))
}

/** Takes the add-on off all its apps; from now on its tokens reach nothing. */
function completeDeprovisioning(heroku: Heroku, addon: AddOn): void {
  const { world } = heroku
  // The id stays known, so that a later call with its token is answered 404 and not 401.
  for (const attachment of attachmentsOf(world, addon)) {
    const app = appOf(world, attachment.appId)
    const config = configWithoutAttachment(heroku, app, attachment)
    endAttachment(heroku, attachment)
    const description = `Detach ${attachment.name} (@ref:${addon.name})`
    cutRelease(heroku, app, { config, description, user: world.customer })
  }
  addon.state = 'deprovisioned'
  addon.updatedAt = timestamp(heroku)
  revokeTokens(heroku, { addonId: addon.id, refreshTokens: true })
  addonEvent(heroku, 'destroy', addon)
  world.addonIdsByName.delete(addon.name)
  for (const webhook of world.webhooks.values())
    if (webhook.addonId === addon.id) world.webhooks.delete(webhook.id)
}

/** Ends asynchronous deprovisioning; 422 when the customer has not asked for it. */
export function acceptDeprovisioned(heroku: Heroku, addon: AddOn): void {
  if (addon.state !== 'deprovisioning')
    throw invalidParams(`${addon.name} is ${addon.state}, not deprovisioning.`)
  completeDeprovisioning(heroku, addon)
}

/** Destroys an app: first its add-ons, then what others have attached to it. */
export async function destroyApp(heroku: Heroku, app: App): Promise<void> {
  const { world } = heroku
  const owned = [...world.addons.values()].filter(
    (addon) => addon.appId === app.id && addon.state !== 'deprovisioned',
  )
  for (const addon of owned) {
    await destroy(heroku, { addon: addon.id })
    if (addon.state === 'deprovisioning') completeDeprovisioning(heroku, addon)
  }
  for (const attachment of attachmentsOf(world, app)) endAttachment(heroku, attachment)
  if (!world.apps.has(app.id)) throw notFound('app')
  heroku.events.emit({ type: 'app', action: 'destroy', app: app.name, appId: app.id })
  world.apps.delete(app.id)
  world.appIdsByName.delete(app.name)
}

/** The legacy API wants JSON in every answer, and says of whom a change is. */
function isLegacy({ settings }: Heroku): boolean {
  return settings.partnerApi === 'v1'
}

function deleteResource(heroku: Heroku, addon: AddOn): Promise<ServiceAnswer> {
  return callService(heroku, { method: 'DELETE', path: resourcePath(addon) })
}

function resourcePath(addon: AddOn): string {
  if (addon.providerId === null) throw invalidParams(`${addon.name} is still being created.`)
  return `/${encodeURIComponent(addon.providerId)}`
}
