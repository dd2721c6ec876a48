import type { Notice } from './notice.ts'

/** A receiver of a customer, without what is secret of it. `offSince`: it said that it wants no more. */
export type Webhook = {
  id: string
  resourceId: string
  name: string
  shownUrl: string
  addedBy: string | null
  createdAt: Date
  offSince: Date | null
}

/** What a delivery was for: a notice that was due, a press of the test button, or one of these once more. */
export type DeliveryCause = 'outbox' | 'test' | 'resend'

/** One POST to a receiver, and what came of it. `status`: null where there was no answer. */
export type WebhookDelivery = {
  id: string
  at: Date
  cause: DeliveryCause
  notice: Notice
  told: boolean
  status: number | null
  ms: number
  words: string
}

/** An add-on has so many webhooks at the most, and so many deliveries of each are kept. */
export const MOST_WEBHOOKS = 5
export const MOST_DELIVERIES = 20

/** The id of a webhook or of a delivery, made of 8 bytes. */
export function webhookId(bytes: Buffer): string {
  return `wh_${idText(bytes)}`
}

export function deliveryId(bytes: Buffer): string {
  return `whd_${idText(bytes)}`
}

export const WEBHOOK_ID_BYTES = 8
const WEBHOOK_ID = /^wh_[0-9a-f]{16}$/
const DELIVERY_ID = /^whd_[0-9a-f]{16}$/

/** Whether a text can be the id of a webhook, or of a delivery. */
export function isWebhookId(text: string): boolean {
  return WEBHOOK_ID.test(text)
}

export function isDeliveryId(text: string): boolean {
  return DELIVERY_ID.test(text)
}

function idText(bytes: Buffer): string {
  if (bytes.length !== WEBHOOK_ID_BYTES) throw new RangeError('an id is made of 8 bytes')
  return bytes.toString('hex')
}

/**
 * A notice as a receiver gets it, in the shape that Standard Webhooks asks for: `type`, `timestamp` and `data`. The same
 * notice makes the same text.
 */
export function webhookBody(resourceId: string, { kind, at, seq, text, facts }: Notice): string {
  return JSON.stringify({
    type: `securekey.${kind}`,
    timestamp: at.toISOString(),
    data: { resource: resourceId, seq, text, facts },
  })
}

/** What the test button sends. `bytes` make its id: 8 of them. */
export function testNotice(resourceId: string, name: string, at: Date, bytes: Buffer): Notice {
  return {
    id: `${resourceId}_test_${idText(bytes)}`,
    kind: 'test',
    at,
    seq: null,
    text: `This is a test: notices of ${name} arrive here.`,
    facts: { addon: name },
  }
}
