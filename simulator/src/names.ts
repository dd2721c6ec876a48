import type { Heroku } from './heroku.ts'
import { invalidParams } from './heroku-error.ts'
import { ADJECTIVES, COLOURS } from './words.ts'
import { type App, attachmentsOf } from './world.ts'

/** A fresh globally unique add-on name, such as `fast-db-solid-14332`. */
export function freshAddonName(heroku: Heroku): string {
  for (let attempt = 0; attempt < 100; attempt++) {
    const number = 10_000 + heroku.random.below(90_000)
    const name = `${heroku.settings.addon.id}-${heroku.random.pick(ADJECTIVES)}-${number}`
    if (!heroku.world.addonIdsByName.has(name)) return name
  }
  throw invalidParams('No free add-on name was found.')
}

/** Refuses a name that a customer may not give to an add-on. */
export function checkAddonName(heroku: Heroku, name: string): void {
  if (!/^[a-z][a-z0-9-]{2,255}$/.test(name)) throw invalidParams(`Name ${name} is invalid.`)
  if (heroku.world.addonIdsByName.has(name)) throw invalidParams('Name is already taken')
}

/** The attachment of this name on the app, if there is one: names are unique per app. */
export function attachmentNamed(heroku: Heroku, app: App, name: string) {
  return attachmentsOf(heroku.world, app).find((attachment) => attachment.name === name)
}

/**
 * The name of an attachment to which the customer gave none: the prefix of the config vars (`SECURE`), or the slug
 * with a colour word (`FAST_DB_CHARCOAL`) where that is taken.
 */
export function defaultAttachmentName(heroku: Heroku, app: App): string {
  const { prefix, id } = heroku.settings.addon
  if (attachmentNamed(heroku, app, prefix) === undefined) return prefix
  const free = COLOURS.map((colour) => `${inCapitals(id)}_${colour}`).filter(
    (name) => attachmentNamed(heroku, app, name) === undefined,
  )
  if (free.length === 0) throw invalidParams('No free attachment name was found.')
  return heroku.random.pick(free)
}

/** Refuses an attachment name that could not begin a config var. */
export function checkAttachmentName(name: string): void {
  if (!/^[A-Z][A-Z0-9_]{0,254}$/.test(name)) {
    throw invalidParams(`Attachment name ${name} is invalid: use capitals, digits and underscores.`)
  }
}

/**
 * The config var under which an app sees a var of the manifest: Heroku strips the prefix and puts the attachment's
 * name in front (Making Your Add-on Shareable). `FAST_DB_URL` under `REPORTS` is `REPORTS_URL`.
 */
export function configVarName(heroku: Heroku, attachmentName: string, manifestName: string): string {
  const { prefix } = heroku.settings.addon
  return `${attachmentName}_${manifestName.slice(prefix.length + 1)}`
}

/** The default prefix of a manifest that names none (Add-on Manifest): `fast-db` gives `FAST_DB`. */
export function inCapitals(slug: string): string {
  return slug.toUpperCase().replaceAll('-', '_')
}
