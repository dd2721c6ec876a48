import type { Person } from '../../../domain/actor.ts'
import { isWebhookId, type Webhook } from '../../../domain/notices/webhook.ts'
import {
  OVERLAP_MS,
  replacedSecret,
  WEBHOOK_SECRET_BYTES,
  webhookSecret,
} from '../../../domain/notices/webhook-secret.ts'
import { findSession } from '../../../store/sessions.ts'
import { findWebhook, replaceWebhookSeal } from '../../../store/webhooks.ts'
import type { Deps } from '../../deps.ts'
import { underNoticeKey } from '../../under-data-key.ts'
import { openContent, sealWebhook } from './open-webhook.ts'
import { recordOfWebhook } from './webhooks.ts'

export type ReplaceSecretOutcome =
  /** `secret` is told once; the one before it signs beside it until then. */
  | { outcome: 'replaced'; webhook: Webhook; secret: string; formerUntil: Date }
  | { outcome: 'unknown' }
  | { outcome: 'signed-out' }

/**
 * Gives a webhook a fresh secret. For a day both sign each notice, so that nothing is refused while the receiver learns the
 * new one; a secret that was replaced before that ends at once. Throws `unknown-resource`, `resource-gone`.
 */
export async function replaceWebhookSecret(
  deps: Deps,
  { resourceId, actor, session, id }: { resourceId: string; actor: Person; session?: Buffer; id: string },
): Promise<ReplaceSecretOutcome> {
  if (!isWebhookId(id)) return { outcome: 'unknown' }
  const secret = webhookSecret(deps.random(WEBHOOK_SECRET_BYTES))
  const now = deps.now()
  const formerUntil = new Date(now.getTime() + OVERLAP_MS)
  const outcome = await underNoticeKey<ReplaceSecretOutcome>(
    deps,
    { resourceId, actor },
    async (sealer, _locked, trx) => {
      if (session && !(await findSession(trx, session))) return { outcome: 'signed-out' }
      const stored = await findWebhook(trx, { resourceId, id })
      if (!stored) return { outcome: 'unknown' }
      const { sealed: _sealed, ...webhook } = stored
      const content = openContent(sealer, stored)
      const fresh = { url: content.url, ...replacedSecret(content, secret, now) }
      await replaceWebhookSeal(trx, id, sealWebhook(sealer, id, fresh))
      const details = { formerUntil: formerUntil.toISOString() }
      await recordOfWebhook(trx, { webhook, kind: 'webhook-secret-replaced', actor, at: now, details })
      return { outcome: 'replaced', webhook, secret, formerUntil }
    },
  )
  if (outcome.outcome === 'replaced') deps.log.info({ resourceId, webhookId: id }, 'webhook secret replaced')
  return outcome
}
