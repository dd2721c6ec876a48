import { attachmentVars, configWithAttachment, configWithoutAttachment } from './addon-config.ts'
import type { Heroku } from './heroku.ts'
import { timestamp } from './heroku.ts'
import { HerokuError, invalidParams } from './heroku-error.ts'
import { attachmentNamed, checkAttachmentName, defaultAttachmentName } from './names.ts'
import { checkConfigSize, cutRelease } from './releases.ts'
import { type AddOn, type App, type Attachment, appOf, attachmentsOf, liveAddonOf } from './world.ts'

/** `confirm` is the app's name (as the CLI sends it) or true: take the name from the attachment that has it. */
export type AttachInput = { addon: string; app: string; as?: string; confirm?: string | boolean }

/** Attaches an add-on to an app (`addons:attach`): one release there, no call to the service. */
export function attach(heroku: Heroku, input: AttachInput): Attachment {
  const addon = liveAddonOf(heroku.world, input.addon)
  const app = appOf(heroku.world, input.app)
  if (addon.state !== 'provisioned') throw invalidParams(`${addon.name} is not provisioned yet.`)
  const name = freeAttachmentName(heroku, app, input, addon)
  const attachment = buildAttachment(heroku, addon, app, name)
  checkConfigSize(app, configWithAttachment(heroku, app, addon, attachment))
  addAttachment(heroku, addon, app, attachment)
  releaseAttachment(heroku, addon, app, attachment)
  return attachment
}

/**
 * The name that a new attachment gets. One that is taken is refused with 423 `confirmation_required`, the answer
 * on which the CLI asks the customer and sends the request again with `confirm`.
 */
export function freeAttachmentName(
  heroku: Heroku,
  app: App,
  input: { as?: string; confirm?: string | boolean },
  addon?: AddOn,
): string {
  if (input.as === undefined) return defaultAttachmentName(heroku, app)
  checkAttachmentName(input.as)
  const taken = attachmentNamed(heroku, app, input.as)
  if (taken === undefined) return input.as
  if (taken.addonId === addon?.id)
    throw invalidParams(`${addon.name} is already attached to ${app.name} as ${input.as}.`)
  if (input.confirm !== true && input.confirm !== app.name) {
    const message = `Adding ${input.as} to app ${app.name} would overwrite existing vars of the attachment ${input.as}.`
    throw new HerokuError(423, 'confirmation_required', message, { app: { id: app.id, name: app.name } })
  }
  return input.as
}

/** An attachment that is not yet part of the world. */
export function buildAttachment(heroku: Heroku, addon: AddOn, app: App, name: string): Attachment {
  return {
    id: heroku.random.uuid(),
    name,
    addonId: addon.id,
    appId: app.id,
    logToken: `t.${heroku.random.uuid()}`,
    createdAt: timestamp(heroku),
  }
}

/** Makes the attachment part of the world, so that its name is taken; nothing is released or told yet. */
export function addAttachment(heroku: Heroku, addon: AddOn, app: App, attachment: Attachment): void {
  heroku.world.attachments.set(attachment.id, attachment)
  addon.attachmentIds.push(attachment.id)
  app.attachmentIds.push(attachment.id)
}

/** Gives the app the vars of an added attachment by a release, and ends the one whose name it has taken over. */
export function releaseAttachment(heroku: Heroku, addon: AddOn, app: App, attachment: Attachment): void {
  const taken = attachmentsOf(heroku.world, app).filter(
    ({ name, id }) => name === attachment.name && id !== attachment.id,
  )
  for (const former of taken) endAttachment(heroku, former)
  attachmentEvent(heroku, 'create', attachment)
  cutRelease(heroku, app, {
    config: configWithAttachment(heroku, app, addon, attachment),
    description: `Attach ${attachment.name} (@ref:${addon.name})`,
    user: heroku.world.customer,
  })
}

/** Takes the attachment off its app (`addons:detach`): its vars go, by a release. */
export function detach(heroku: Heroku, attachment: Attachment): void {
  const addon = liveAddonOf(heroku.world, attachment.addonId)
  const app = appOf(heroku.world, attachment.appId)
  const config = configWithoutAttachment(heroku, app, attachment)
  endAttachment(heroku, attachment)
  cutRelease(heroku, app, {
    config,
    description: `Detach ${attachment.name} (@ref:${addon.name})`,
    user: heroku.world.customer,
  })
}

/** Tells that the attachment goes and takes it out of the world, without a release. */
export function endAttachment(heroku: Heroku, attachment: Attachment): void {
  attachmentEvent(heroku, 'destroy', attachment)
  removeAttachment(heroku, attachment)
}

/** Takes the attachment out of the world as if it had never been there. */
export function removeAttachment(heroku: Heroku, attachment: Attachment): void {
  const { world } = heroku
  world.attachments.delete(attachment.id)
  for (const owner of [world.addons.get(attachment.addonId), world.apps.get(attachment.appId)]) {
    if (owner !== undefined) owner.attachmentIds = owner.attachmentIds.filter((id) => id !== attachment.id)
  }
}

/** Whether the config var belongs to an attachment of the app, so that the customer may not write it. */
export function isAttachmentVar(heroku: Heroku, app: App, attachments: Attachment[], name: string): boolean {
  return attachments.some(
    (attachment) => attachment.appId === app.id && attachmentVars(heroku, attachment).includes(name),
  )
}

/** Tells that an attachment came or goes; it must still be in the world. */
function attachmentEvent(heroku: Heroku, action: 'create' | 'destroy', attachment: Attachment): void {
  const { world, events } = heroku
  events.emit({
    type: 'attachment',
    action,
    attachment: attachment.name,
    attachmentId: attachment.id,
    addon: world.addons.get(attachment.addonId)?.name ?? '',
    addonId: attachment.addonId,
    app: world.apps.get(attachment.appId)?.name ?? '',
  })
}
