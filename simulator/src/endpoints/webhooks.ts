import { reachableAddon } from '../credentials.ts'
import { type Call, type Endpoint, ok } from '../endpoint.ts'
import type { Heroku } from '../heroku.ts'
import { timestamp } from '../heroku.ts'
import { forbidden, invalidParams, notFound } from '../heroku-error.ts'
import { page } from '../paging.ts'
import type { Delivery } from '../webhook-delivery.ts'
import type { Webhooks } from '../webhook-sender.ts'
import type { Webhook } from '../world.ts'

const MAX_PER_ADDON = 10
const EVENTS = [
  'api:addon',
  'api:addon-attachment',
  'api:app',
  'api:collaborator',
  'api:domain',
  'api:sni-endpoint',
]
/** These need a permission of their own. */
const GRANTED_EVENTS = ['api:build', 'api:dyno', 'api:formation', 'api:release']
const FIELDS = ['include', 'level', 'url', 'authorization', 'secret']

/** The partner's webhook subscriptions of one add-on, and what was delivered (Using Webhooks as an Add-on Partner). */
export function webhookEndpoints(heroku: Heroku, webhooks: Webhooks): Endpoint[] {
  const addonIn = (call: Call) => reachableAddon(heroku, call.caller, call.params.addon ?? '')
  const hooksOf = (call: Call) => {
    const { id } = addonIn(call)
    return [...heroku.world.webhooks.values()].filter(({ addonId }) => addonId === id)
  }
  const hookIn = (call: Call) => {
    const webhook = hooksOf(call).find(({ id }) => id === call.params.webhook)
    if (webhook === undefined) throw notFound('webhook')
    return webhook
  }
  const endpoint = (method: Endpoint['method'], path: string, answer: Endpoint['answer']): Endpoint => ({
    method,
    url: `/addons/:addon/${path}`,
    access: 'partner',
    answer,
  })
  return [
    endpoint('GET', 'webhooks', (call) =>
      page(
        call,
        hooksOf(call).map((hook) => hookObject(heroku, hook)),
        ['id'],
      ),
    ),
    endpoint('GET', 'webhooks/:webhook', (call) => ok(hookObject(heroku, hookIn(call)))),
    endpoint('POST', 'webhooks', (call) => {
      if (hooksOf(call).length >= MAX_PER_ADDON)
        throw invalidParams(`At most ${MAX_PER_ADDON} webhooks are allowed.`)
      const webhook = newWebhook(heroku, addonIn(call).id, readFields(heroku, call.body))
      heroku.world.webhooks.set(webhook.id, webhook)
      // A secret that Heroku made is shown this once.
      const headers = call.body.secret === undefined ? { 'heroku-webhook-secret': webhook.secret } : {}
      return { status: 201, body: hookObject(heroku, webhook), headers }
    }),
    endpoint('PATCH', 'webhooks/:webhook', (call) => {
      const webhook = Object.assign(hookIn(call), readFields(heroku, call.body), {
        updatedAt: timestamp(heroku),
      })
      return ok(hookObject(heroku, webhook))
    }),
    endpoint('DELETE', 'webhooks/:webhook', (call) => {
      const webhook = hookIn(call)
      heroku.world.webhooks.delete(webhook.id)
      return ok(hookObject(heroku, webhook))
    }),
    endpoint('GET', 'webhook-deliveries', (call) => {
      const { id } = addonIn(call)
      const mine = webhooks.deliveries().filter(({ addonId }) => addonId === id)
      return page(call, mine.map(deliveryObject), ['id', 'created_at'])
    }),
  ]
}

function newWebhook(heroku: Heroku, addonId: string, fields: Partial<Webhook>): Webhook {
  const { include, level, url } = fields
  if (include === undefined || level === undefined || url === undefined) {
    throw invalidParams('include, level and url are required.')
  }
  const now = timestamp(heroku)
  const made = { id: heroku.random.uuid(), addonId, secret: heroku.random.hex(30), authorization: null }
  return { ...made, ...fields, include, level, url, createdAt: now, updatedAt: now }
}

/** The fields of a create or an update, checked; a key that is not one of the five is refused. */
function readFields(heroku: Heroku, body: Record<string, unknown>): Partial<Webhook> {
  const unknown = Object.keys(body).find((key) => !FIELDS.includes(key))
  if (unknown !== undefined) throw invalidParams(`Unknown field ${unknown}.`)
  const { include, level, url, authorization, secret } = body
  const fields: Partial<Webhook> = {}
  if (include !== undefined) fields.include = readIncludes(heroku, include)
  if (level !== undefined) {
    if (level !== 'notify' && level !== 'sync') throw invalidParams('level must be notify or sync.')
    fields.level = level
  }
  if (url !== undefined) fields.url = readUrl(url)
  if (typeof authorization === 'string' || authorization === null) fields.authorization = authorization
  if (typeof secret === 'string' && secret !== '') fields.secret = secret
  return fields
}

function readIncludes(heroku: Heroku, include: unknown): string[] {
  if (!Array.isArray(include) || include.length === 0)
    throw invalidParams('include must name at least one event.')
  return include.map((event) => {
    if (GRANTED_EVENTS.includes(event) && !heroku.settings.grantReleases) throw forbidden()
    if (![...EVENTS, ...GRANTED_EVENTS].includes(event)) throw invalidParams(`Unknown event ${event}.`)
    return String(event)
  })
}

/** https only, save for the loopback addresses that a simulator is used on. */
function readUrl(url: unknown): string {
  const parsed = typeof url === 'string' ? URL.parse(url) : null
  const loopback = parsed?.hostname === '127.0.0.1' || parsed?.hostname === 'localhost'
  if (parsed === null || !(parsed.protocol === 'https:' || loopback))
    throw invalidParams('url must be https.')
  return parsed.href
}

/** The webhook object: the secret is never shown again. */
function hookObject(heroku: Heroku, webhook: Webhook) {
  const { id, include, level, url, addonId, createdAt, updatedAt } = webhook
  const addon = { id: addonId, name: heroku.world.addons.get(addonId)?.name ?? '' }
  return { addon, created_at: createdAt, id, include, level, updated_at: updatedAt, url }
}

function deliveryObject(delivery: Delivery) {
  const { id, event, webhookId, attempts, nextAttemptAt, lastCode, status, createdAt } = delivery
  return {
    created_at: createdAt,
    event: { id: event.id, include: event.include },
    id,
    last_attempt: lastCode === null ? null : { code: lastCode, error_class: null, status },
    next_attempt_at: nextAttemptAt,
    num_attempts: attempts,
    status,
    updated_at: createdAt,
    webhook: { id: webhookId },
  }
}
