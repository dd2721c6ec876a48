import { createHmac } from 'node:crypto'

/** base64 of HMAC-SHA256 over the raw body: the header `Heroku-Webhook-Hmac-SHA256`. */
export function webhookSignature(secret: string, body: string): string {
  return createHmac('sha256', secret).update(body).digest('base64')
}
