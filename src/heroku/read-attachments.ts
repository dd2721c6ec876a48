import { cleanText } from '../domain/clean-text.ts'
import { dateOf, objects } from './read-objects.ts'

/** An app that a resource is attached to. App names change, so apps are known by id, and so is the add-on. */
export type Attachment = {
  appId: string
  appName: string
  attachmentName: string
  createdAt: Date | null
  addonName: string | null
}

/** Reads a list of attachments (Platform API schema). */
export function readAttachments(list: unknown, resourceId: string): Attachment[] {
  return objects(list).flatMap(({ app, addon, name, created_at }) => {
    const [{ id, name: appName } = {}] = objects([app])
    if (typeof id !== 'string') return []
    const names = { appName: cleanText(String(appName)), attachmentName: cleanText(String(name)) }
    return [
      { appId: id, ...names, createdAt: dateOf(created_at), addonName: readAddonName(addon, resourceId) },
    ]
  })
}

/** The log address in the attachment to the app that owns the add-on; null: Heroku gives it none. */
export function readLogInputOfOwner(list: unknown): string | null {
  const urls = objects(list).flatMap(({ app, addon, log_input_url: url }) => {
    const [{ app: owner } = {}] = objects([addon])
    const [{ id } = {}] = objects([app])
    const [{ id: ownerId } = {}] = objects([owner])
    const isOwner = typeof id === 'string' && id === ownerId
    return isOwner && typeof url === 'string' && url.length <= LONGEST_URL ? [url] : []
  })
  return urls[0] ?? null
}

const LONGEST_URL = 2_000

/** How Heroku writes the name of an add-on (Platform API schema); anything else is none. */
const ADDON_NAME = /^[A-Za-z][\w-]{0,199}$/

function readAddonName(addon: unknown, resourceId: string): string | null {
  const [{ id, name } = {}] = objects([addon])
  const isOurs = typeof id === 'string' && id.toLowerCase() === resourceId
  return isOurs && typeof name === 'string' && ADDON_NAME.test(name) ? name : null
}
