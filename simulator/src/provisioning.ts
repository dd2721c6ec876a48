import { setAddonConfig } from './addon-config.ts'
import {
  addAttachment,
  buildAttachment,
  freeAttachmentName,
  releaseAttachment,
  removeAttachment,
} from './attaching.ts'
import type { Heroku } from './heroku.ts'
import { timestamp } from './heroku.ts'
import { invalidParams, notFound } from './heroku-error.ts'
import { checkAddonName, freshAddonName } from './names.ts'
import { provisionBody } from './provision-body.ts'
import { checkConfigSize } from './releases.ts'
import { checkServiceAnswer, type GoodAnswer } from './service-answer.ts'
import { callService, type ServiceAnswer } from './service-client.ts'
import { type AddOn, type App, type Attachment, appOf, attachmentsOf } from './world.ts'

/** What `addons:create` can say. `plan` with or without the slug; `copies` sends the POST so often at once. */
export type CreateAddonInput = {
  app: string
  plan: string
  name?: string
  as?: string
  confirm?: string | boolean
  options?: Record<string, string | boolean>
  grant?: 'valid' | 'null'
  copies?: number
}

/**
 * Creates an add-on: it exists as `provisioning` while the service is asked, so that the grant and the token made of
 * it work at once, and is taken back when the service refuses or answers nonsense.
 */
export async function provision(heroku: Heroku, input: CreateAddonInput): Promise<AddOn> {
  const app = appOf(heroku.world, input.app)
  const plan = knownPlan(heroku, input.plan)
  if (input.name !== undefined) checkAddonName(heroku, input.name)
  const attachmentName = freeAttachmentName(heroku, app, input)
  const addon = addAddon(heroku, app, plan, input)
  const attachment = buildAttachment(heroku, addon, app, attachmentName)
  addAttachment(heroku, addon, app, attachment)
  const body = provisionBody(heroku, addon, app, attachment, input.grant ?? 'valid')
  heroku.world.provisionBodies.set(addon.id, body)
  const copies = Array.from({ length: input.copies ?? 1 }, () => postProvision(heroku, body))
  try {
    const [answer] = await Promise.all(copies)
    if (answer === undefined) throw invalidParams('copies must be at least 1')
    const { configVars } = heroku.settings.addon
    const good = checkServiceAnswer(answer, { configVars, idRequired: true })
    checkConfigSize(appOf(heroku.world, app.id), { ...app.config, ...good.config })
    settle(heroku, addon, good)
    return addon
  } catch (error) {
    forget(heroku, addon, attachment)
    throw error
  }
}

/** Sends an add-on's provision POST once more, byte for byte: delivery is at least once, so the service must cope. */
export async function repeatProvision(heroku: Heroku, idOrName: string): Promise<ServiceAnswer> {
  const id = heroku.world.addonIdsByName.get(idOrName) ?? idOrName
  const body = heroku.world.provisionBodies.get(id)
  if (body === undefined) throw notFound('addon')
  return postProvision(heroku, body)
}

/** Marks an add-on provisioned: only now do its apps get the config, by a release (asynchronous provisioning). */
export function completeProvisioning(heroku: Heroku, addon: AddOn): void {
  if (addon.state !== 'provisioning')
    throw invalidParams(`${addon.name} is ${addon.state}, not provisioning.`)
  addon.state = 'provisioned'
  addon.updatedAt = timestamp(heroku)
  for (const attachment of attachmentsOf(heroku.world, addon)) {
    releaseAttachment(heroku, addon, appOf(heroku.world, attachment.appId), attachment)
  }
  addonEvent(heroku, 'update', addon)
}

/** Tells that an add-on came, changed or went. */
export function addonEvent(heroku: Heroku, action: 'create' | 'update' | 'destroy', addon: AddOn): void {
  const app = heroku.world.apps.get(addon.appId)?.name ?? ''
  const { name, id, plan, state } = addon
  heroku.events.emit({ type: 'addon', action, addon: name, addonId: id, app, plan, state })
}

/** The plan's slug without the add-on's; 404 for one that Heroku does not know. */
export function knownPlan(heroku: Heroku, plan: string): string {
  const { id, plans } = heroku.settings.addon
  const slug = plan.startsWith(`${id}:`) ? plan.slice(id.length + 1) : plan
  const chosen = slug === id ? plans[0] : slug
  if (chosen === undefined || !plans.includes(chosen)) throw notFound('plan')
  return chosen
}

function addAddon(heroku: Heroku, app: App, plan: string, input: CreateAddonInput): AddOn {
  const now = timestamp(heroku)
  const addon: AddOn = {
    id: heroku.random.uuid(),
    name: input.name ?? freshAddonName(heroku),
    plan,
    appId: app.id,
    state: 'provisioning',
    providerId: null,
    provisionMessage: null,
    config: {},
    // A bare flag of the CLI reaches the service as the string "true" (Add-on Parameter Handling).
    options: Object.fromEntries(
      Object.entries(input.options ?? {}).map(([name, value]) => [name, String(value)]),
    ),
    createdAt: now,
    updatedAt: now,
    attachmentIds: [],
  }
  heroku.world.addons.set(addon.id, addon)
  heroku.world.addonIdsByName.set(addon.name, addon.id)
  return addon
}

function settle(heroku: Heroku, addon: AddOn, good: GoodAnswer): void {
  addon.providerId = good.id
  addon.provisionMessage = good.message
  addonEvent(heroku, 'create', addon)
  // The service may have sent config, or even have called the provision action, before it answered.
  setAddonConfig(heroku, addon, good.config)
  if (!good.pending && addon.state === 'provisioning') completeProvisioning(heroku, addon)
}

/** A failed add-on leaves nothing behind but its request, so that a test may send that again. */
function forget(heroku: Heroku, addon: AddOn, attachment: Attachment): void {
  removeAttachment(heroku, attachment)
  heroku.world.addons.delete(addon.id)
  heroku.world.addonIdsByName.delete(addon.name)
}

function postProvision(heroku: Heroku, body: string): Promise<ServiceAnswer> {
  return callService(heroku, { method: 'POST', path: '', body })
}
