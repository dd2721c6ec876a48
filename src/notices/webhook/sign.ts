import { Webhook } from 'standardwebhooks'

/** What is signed: the id of the notice, when it is sent, and the body as it goes out. */
export type Signed = { id: string; at: Date; body: string }

/**
 * The three headers of Standard Webhooks (https://www.standardwebhooks.com): the id is the same at each try, the timestamp
 * is that of this one, and there is a signature for each secret.
 */
export function webhookHeaders({ id, at, body }: Signed, secrets: readonly string[]): Record<string, string> {
  return {
    'webhook-id': id,
    'webhook-timestamp': String(Math.floor(at.getTime() / 1_000)),
    'webhook-signature': secrets.map((secret) => new Webhook(secret).sign(id, at, body)).join(' '),
  }
}
