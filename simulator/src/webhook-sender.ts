import type { Heroku } from './heroku.ts'
import { notFound } from './heroku-error.ts'
import { createHistory } from './history.ts'
import type { Delivery } from './webhook-delivery.ts'
import { webhookNotices } from './webhook-notices.ts'
import { webhookSignature } from './webhook-signature.ts'
import type { Webhook } from './world.ts'

/** The side that tests and the admin face see. Nothing here waits for real time: retries follow the clock. */
export type Webhooks = {
  /** Everything sent or waiting, oldest first. */
  deliveries: () => Delivery[]
  /** Waits until everything that is due has been tried. */
  settle: () => Promise<void>
  /** Tries again what the clock says is due. */
  retryDue: () => Promise<void>
  /** Sends a delivery's very bytes once more, whatever became of it. */
  repeat: (deliveryId: string) => Promise<void>
  /** Keeps deliveries back from now on. */
  hold: () => void
  /** Sends what was kept back, in order or last first. */
  release: (order?: 'in-order' | 'reversed') => Promise<void>
}

const FIRST_RETRY_MS = 15_000
const LONGEST_RETRY_MS = 60 * 60 * 1000
const GIVE_UP_AFTER_MS = 72 * 60 * 60 * 1000
const KEPT_DELIVERIES = 10_000
const ATTEMPT_TIMEOUT_MS = 10_000

/**
 * Sends webhooks for what happens (Using Webhooks as an Add-on Partner): in order per hook, where one that fails
 * holds up the next; `notify` is tried once, `sync` again for 72 h with a growing delay.
 */
export function createWebhookSender(heroku: Heroku): Webhooks {
  const deliveries = createHistory<Delivery>(KEPT_DELIVERIES)
  const queues = new Map<string, { webhook: Webhook; waiting: Delivery[]; pumping: Promise<void> }>()
  let held = false

  const pump = async (webhook: Webhook, waiting: Delivery[]) => {
    for (let first = waiting[0]; first !== undefined && !held; first = waiting[0]) {
      if (first.nextAttemptAt !== null && Date.parse(first.nextAttemptAt) > heroku.now().getTime()) return
      await attempt(heroku, webhook, first)
      if (first.status !== 'retrying') waiting.splice(waiting.indexOf(first), 1)
    }
  }
  const pumpAll = async () => {
    for (const queue of queues.values()) {
      queue.pumping = queue.pumping.then(() => pump(queue.webhook, queue.waiting))
    }
    await Promise.all([...queues.values()].map(({ pumping }) => pumping))
  }
  heroku.events.subscribe((event) => {
    for (const { webhook, delivery } of webhookNotices(heroku, event)) {
      const queue = queues.get(webhook.id) ?? { webhook, waiting: [], pumping: Promise.resolve() }
      queues.set(webhook.id, queue)
      deliveries.push(delivery)
      queue.waiting.push(delivery)
      queue.pumping = queue.pumping.then(() => pump(queue.webhook, queue.waiting))
    }
  })
  return {
    deliveries: () => structuredClone([...deliveries.all()]),
    settle: async () => {
      await Promise.all([...queues.values()].map(({ pumping }) => pumping))
    },
    retryDue: pumpAll,
    repeat: async (deliveryId) => {
      const delivery = deliveries.all().find(({ id }) => id === deliveryId)
      const queue = delivery && queues.get(delivery.webhookId)
      if (delivery === undefined || queue === undefined) throw notFound('webhook')
      await send(heroku, queue.webhook, delivery)
    },
    hold: () => {
      held = true
    },
    release: async (order = 'in-order') => {
      held = false
      if (order === 'reversed') for (const { waiting } of queues.values()) waiting.reverse()
      await pumpAll()
    },
  }
}

async function attempt(heroku: Heroku, webhook: Webhook, delivery: Delivery): Promise<void> {
  delivery.attempts += 1
  delivery.lastCode = await send(heroku, webhook, delivery)
  const taken = delivery.lastCode >= 200 && delivery.lastCode < 300
  const now = heroku.now().getTime()
  const tooOld = now - Date.parse(delivery.createdAt) >= GIVE_UP_AFTER_MS
  if (taken || webhook.level === 'notify' || tooOld) {
    delivery.status = taken ? 'succeeded' : 'failed'
    delivery.nextAttemptAt = null
  } else {
    delivery.status = 'retrying'
    const delay = Math.min(FIRST_RETRY_MS * 2 ** (delivery.attempts - 1), LONGEST_RETRY_MS)
    delivery.nextAttemptAt = new Date(now + delay).toISOString()
  }
  const { addonId, event, url, status } = delivery
  heroku.events.emit({ type: 'webhook', addonId, event: `${event.include} ${event.action}`, url, status })
}

/** One POST; 0 when no answer came. */
async function send(heroku: Heroku, webhook: Webhook, delivery: Delivery): Promise<number> {
  try {
    const response = await fetch(webhook.url, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        'heroku-webhook-hmac-sha256': webhookSignature(webhook.secret, delivery.body),
        'user-agent': 'heroku-simulator-webhooks/1',
        ...(webhook.authorization === null ? {} : { authorization: webhook.authorization }),
      },
      body: delivery.body,
      redirect: 'manual',
      signal: AbortSignal.any([heroku.closing.signal, AbortSignal.timeout(ATTEMPT_TIMEOUT_MS)]),
    })
    await response.body?.cancel()
    return response.status
  } catch {
    return 0
  }
}
