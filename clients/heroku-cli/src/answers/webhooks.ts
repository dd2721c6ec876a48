import { fieldsOf, listIn, momentIn, momentOrNullIn, textIn, textOrNullIn } from './fields.ts'

/** A webhook, as `GET /v1/webhooks` tells it: never its secret, and of its URL what is none. */
export type Webhook = {
  id: string
  name: string
  url: string
  addedBy: string | null
  addedAt: Date
  /** It answered 410 then: nothing is sent there. */
  offSince: Date | null
}

/** What came of a test. `words`: "answered 204". */
export type Tested = { told: boolean; words: string; switchedOn: boolean }

export function readWebhooks(answer: unknown): Webhook[] {
  return listIn(fieldsOf(answer), 'webhooks', readWebhook)
}

export function readWebhook(item: unknown): Webhook {
  const fields = fieldsOf(item)
  return {
    id: textIn(fields, 'id'),
    name: textIn(fields, 'name'),
    url: textIn(fields, 'url'),
    addedBy: textOrNullIn(fields, 'added_by'),
    addedAt: momentIn(fields, 'added_at'),
    offSince: momentOrNullIn(fields, 'off_since'),
  }
}

export function readTested(answer: unknown): Tested {
  const fields = fieldsOf(answer)
  const delivery = fieldsOf(fields.delivery)
  return {
    told: delivery.told === true,
    words: textIn(delivery, 'words'),
    switchedOn: fields.switched_on === true,
  }
}

/** What stands in front of a secret of Standard Webhooks, and base64; anything else is not printed. */
const SECRET = /^whsec_[A-Za-z0-9+/=]{20,200}$/

/** The secret of a webhook, which is told once. */
export function secretIn(answer: unknown): string {
  const { secret } = fieldsOf(answer)
  if (typeof secret !== 'string' || !SECRET.test(secret)) throw new Error('The service gave no secret.')
  return secret
}
