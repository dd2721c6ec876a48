/** Bytes of a secret. Standard Webhooks asks for 24 to 64. */
export const WEBHOOK_SECRET_BYTES = 32

/** For so long a secret that was replaced signs beside the new one. */
export const OVERLAP_MS = 24 * 3_600_000

/** The secrets of a webhook: the present one and, for a day after it was replaced, the one before. `until`: ISO 8601. */
export type WebhookSecrets = { secret: string; former: { secret: string; until: string } | null }

/** A secret as Standard Webhooks writes it: `whsec_` and base64. */
export function webhookSecret(bytes: Buffer): string {
  if (bytes.length !== WEBHOOK_SECRET_BYTES) throw new RangeError('a webhook secret has 32 bytes')
  return `whsec_${bytes.toString('base64')}`
}

/** Puts a fresh secret in the place of the present one, which goes on signing for a day. The one before that ends. */
export function replacedSecret({ secret }: WebhookSecrets, fresh: string, now: Date): WebhookSecrets {
  const until = new Date(now.getTime() + OVERLAP_MS).toISOString()
  return { secret: fresh, former: { secret, until } }
}

/** Those that sign now, the present one first. */
export function signingSecrets({ secret, former }: WebhookSecrets, now: Date): string[] {
  return former && now < new Date(former.until) ? [secret, former.secret] : [secret]
}
