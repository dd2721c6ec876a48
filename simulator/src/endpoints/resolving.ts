import { attachmentVars } from '../addon-config.ts'
import type { Heroku } from '../heroku.ts'
import { seesAddon, worksOn } from '../users.ts'
import { type AddOn, type App, type Attachment, attachmentsOf, type User } from '../world.ts'

/** On which app somebody asks, if on any. */
type Asked = { app: App | undefined; user: User }

/**
 * The add-ons that a customer may mean by an identifier: its id or name anywhere, and on an app the name or a config
 * var of an attachment, or the slug.
 */
export function resolveAddons(heroku: Heroku, identifier: string, { app, user }: Asked): AddOn[] {
  const { world } = heroku
  const live = [...world.addons.values()].filter(
    (addon) => addon.state !== 'deprovisioned' && seesAddon(world, user, addon),
  )
  const exact = live.filter(({ id, name }) => id === identifier || name === identifier)
  if (exact.length > 0) return exact
  const ids = new Set(resolveAttachments(heroku, identifier, { app, user }).map(({ addonId }) => addonId))
  return live.filter(({ id }) => ids.has(id))
}

/** The attachments that a customer may mean: by id, by the add-on's name, and on an app by name, config var or slug. */
export function resolveAttachments(heroku: Heroku, identifier: string, { app, user }: Asked): Attachment[] {
  const { world, settings } = heroku
  const everywhere = [...world.attachments.values()].filter(({ appId }) =>
    worksOn(world, user, world.apps.get(appId)),
  )
  const all = app === undefined ? everywhere : attachmentsOf(world, app)
  const named = all.filter((attachment) => {
    const owner = world.addons.get(attachment.addonId)
    if (attachment.id === identifier || owner?.name === identifier) return true
    // Names of attachments are unique on one app only, so without an app they say nothing.
    return (
      app !== undefined &&
      (attachment.name === identifier || attachmentVars(heroku, attachment).includes(identifier))
    )
  })
  const slug = identifier.split(':', 1)[0]
  return named.length === 0 && app !== undefined && slug === settings.addon.id ? all : named
}
