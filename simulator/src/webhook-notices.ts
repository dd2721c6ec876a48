import { partnerUser } from './addon-config.ts'
import { addonObject, attachmentObject, dynoObject, releaseObject } from './api-objects.ts'
import type { SimulatorEvent } from './event-bus.ts'
import type { Heroku } from './heroku.ts'
import type { Delivery } from './webhook-delivery.ts'
import type { Webhook } from './world.ts'

type Notice = { include: string; action: string; addonIds: string[]; data: unknown }

/** The deliveries that an event causes: one for each webhook that asked for its kind. */
export function webhookNotices(
  heroku: Heroku,
  event: SimulatorEvent,
): { webhook: Webhook; delivery: Delivery }[] {
  const notice = noticeOf(heroku, event)
  if (notice === undefined || heroku.world.webhooks.size === 0) return []
  const eventId = heroku.random.uuid()
  const hooks = [...heroku.world.webhooks.values()].filter(
    ({ addonId, include }) => notice.addonIds.includes(addonId) && include.includes(notice.include),
  )
  return hooks.map((webhook) => ({
    webhook,
    delivery: deliveryOf(heroku, webhook, notice, { ...event, id: eventId }),
  }))
}

/** Which webhook event a happening is, and which add-ons' partners may hear of it. */
function noticeOf(heroku: Heroku, event: SimulatorEvent): Notice | undefined {
  const { world } = heroku
  if (event.type === 'addon') {
    const addon = world.addons.get(event.addonId)
    if (addon === undefined) return undefined
    return {
      include: 'api:addon',
      action: event.action,
      addonIds: [addon.id],
      data: addonObject(heroku, addon),
    }
  }
  if (event.type === 'attachment') {
    const attachment = world.attachments.get(event.attachmentId)
    if (attachment === undefined) return undefined
    const data = attachmentObject(heroku, attachment, false)
    return { include: 'api:addon-attachment', action: event.action, addonIds: [event.addonId], data }
  }
  if (event.type !== 'release' && event.type !== 'dyno') return undefined
  const app = world.apps.get(event.appId)
  if (app === undefined) return undefined
  const attached = app.attachmentIds.flatMap((id) => world.attachments.get(id)?.addonId ?? [])
  const addonIds = [...new Set(attached)]
  if (event.type === 'release') {
    const release = app.releases.find(({ version }) => version === event.version)
    return (
      release && { include: 'api:release', action: 'create', addonIds, data: releaseObject(app, release) }
    )
  }
  const dyno = app.dynos.find(({ name }) => name === event.dyno)
  return dyno && { include: 'api:dyno', action: 'create', addonIds, data: dynoObject(heroku, app, dyno) }
}

function deliveryOf(
  heroku: Heroku,
  webhook: Webhook,
  notice: Notice,
  event: SimulatorEvent & { id: string },
): Delivery {
  const id = heroku.random.uuid()
  const byPartner = event.type === 'release' && event.user === partnerUser(heroku).email
  const body = {
    action: notice.action,
    actor: byPartner ? partnerUser(heroku) : heroku.world.customer,
    created_at: event.at,
    data: notice.data,
    id: heroku.random.uuid(),
    previous_data: {},
    published_at: null,
    resource: notice.include.replace('api:', ''),
    sequence: null,
    updated_at: event.at,
    version: 'application/vnd.heroku+json; version=3',
    webhook_metadata: {
      attempt: { id: heroku.random.uuid() },
      delivery: { id },
      event: { id: event.id, include: notice.include },
      webhook: { id: webhook.id },
    },
  }
  return {
    id,
    webhookId: webhook.id,
    addonId: webhook.addonId,
    event: { id: event.id, include: notice.include, action: notice.action },
    url: webhook.url,
    body: JSON.stringify(body),
    status: 'pending',
    attempts: 0,
    nextAttemptAt: null,
    lastCode: null,
    createdAt: event.at,
  }
}
