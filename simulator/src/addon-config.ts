import type { Heroku } from './heroku.ts'
import { timestamp } from './heroku.ts'
import { invalidParams } from './heroku-error.ts'
import { configVarName } from './names.ts'
import { uuidFrom } from './randomness.ts'
import { checkConfigSize, cutRelease } from './releases.ts'
import { type AddOn, type App, type Attachment, appOf, attachmentsOf, type User } from './world.ts'

/** Values by manifest name; null unsets. */
export type ConfigChanges = Record<string, string | null>

/**
 * Sets config of an add-on: every attached app gets the vars under its attachments' names and one new release each
 * (Implementing Credential Rotations as an Add-on Partner). While the add-on is provisioning nothing is released.
 * All apps are checked before the first is changed, so that a refusal changes none.
 */
export function setAddonConfig(heroku: Heroku, addon: AddOn, changes: ConfigChanges): void {
  for (const name of heroku.settings.undeclaredVars === 'taken' ? [] : Object.keys(changes)) {
    if (!heroku.settings.addon.configVars.includes(name)) {
      throw invalidParams(`Config var ${name} is not declared in the add-on's manifest.`)
    }
  }
  if (addon.state === 'provisioning') {
    addon.config = withChanges(addon.config, changes)
    addon.updatedAt = timestamp(heroku)
    return
  }
  const plans = attachedApps(heroku, addon).map(({ app, attachments }) => {
    const config = withChanges(app.config, changesForApp(heroku, attachments, changes))
    checkConfigSize(app, config)
    return { app, config, attachmentName: attachments[0]?.name ?? '' }
  })
  const user = partnerUser(heroku)
  addon.config = withChanges(addon.config, changes)
  addon.updatedAt = timestamp(heroku)
  for (const { app, config, attachmentName } of plans) {
    const unchanged = sameConfig(app.config, config)
    if (unchanged && !heroku.settings.releaseOnUnchanged) continue
    const description = `Update ${attachmentName} by ${heroku.settings.addon.id}`
    cutRelease(heroku, app, { config, description, user })
  }
}

/**
 * The add-on's config as Heroku reports it: manifest names with the values that the owning app has now, so that a
 * rollback on that app shows. Without an attachment there, what the service sent last.
 */
export function addonConfig(heroku: Heroku, addon: AddOn): Record<string, string> {
  const owner = appOf(heroku.world, addon.appId)
  const attachment = attachmentsOf(heroku.world, addon).find(({ appId }) => appId === owner.id)
  if (attachment === undefined || addon.state === 'provisioning') return { ...addon.config }
  const config: Record<string, string> = {}
  for (const name of namesOf(heroku, addon)) {
    const value = owner.config[configVarName(heroku, attachment.name, name)]
    if (value !== undefined) config[name] = value
  }
  return config
}

/** The app's config with the add-on's vars under this attachment's name. */
export function configWithAttachment(heroku: Heroku, app: App, addon: AddOn, attachment: Attachment) {
  return withChanges(app.config, changesForApp(heroku, [attachment], addon.config))
}

/** The app's config without the vars of this attachment. */
export function configWithoutAttachment(
  heroku: Heroku,
  app: App,
  attachment: Attachment,
): Record<string, string> {
  const config = { ...app.config }
  for (const name of attachmentVars(heroku, attachment)) delete config[name]
  return config
}

/** The names of the config vars that this attachment gives its app. */
export function attachmentVars(heroku: Heroku, attachment: Attachment): string[] {
  const addon = heroku.world.addons.get(attachment.addonId)
  return namesOf(heroku, addon).map((name) => configVarName(heroku, attachment.name, name))
}

/** What the manifest declares, and whatever else was taken. */
function namesOf(heroku: Heroku, addon: AddOn | undefined): string[] {
  return [...new Set([...heroku.settings.addon.configVars, ...Object.keys(addon?.config ?? {})])]
}

/** Author of the partner's releases: `<slug>@addons.heroku.com`. */
export function partnerUser(heroku: Heroku): User {
  const { id } = heroku.settings.addon
  return { id: uuidFrom(`partner:${id}`), email: `${id}@addons.heroku.com` }
}

function attachedApps(heroku: Heroku, addon: AddOn): { app: App; attachments: Attachment[] }[] {
  const byApp = Map.groupBy(attachmentsOf(heroku.world, addon), ({ appId }) => appId)
  return [...byApp].map(([appId, attachments]) => ({ app: appOf(heroku.world, appId), attachments }))
}

function changesForApp(heroku: Heroku, attachments: Attachment[], changes: ConfigChanges): ConfigChanges {
  const renamed: ConfigChanges = {}
  for (const attachment of attachments) {
    for (const [name, value] of Object.entries(changes)) {
      renamed[configVarName(heroku, attachment.name, name)] = value
    }
  }
  return renamed
}

/** A copy of the config with values set and, where null, unset. */
export function withChanges(config: Record<string, string>, changes: ConfigChanges): Record<string, string> {
  const merged = { ...config }
  for (const [name, value] of Object.entries(changes)) {
    if (value === null) delete merged[name]
    else merged[name] = value
  }
  return merged
}

function sameConfig(one: Record<string, string>, other: Record<string, string>): boolean {
  const names = Object.keys(one)
  return names.length === Object.keys(other).length && names.every((name) => one[name] === other[name])
}
