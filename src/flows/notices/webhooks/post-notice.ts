import type { Actor } from '../../../domain/actor.ts'
import { SecurekeyError } from '../../../domain/errors.ts'
import type { Notice } from '../../../domain/notices/notice.ts'
import {
  type DeliveryCause,
  deliveryId,
  WEBHOOK_ID_BYTES,
  type WebhookDelivery,
  webhookBody,
} from '../../../domain/notices/webhook.ts'
import { judgeWebhookAnswer, type WebhookVerdict } from '../../../domain/notices/webhook-answer.ts'
import { signingSecrets } from '../../../domain/notices/webhook-secret.ts'
import { deleteCursor, insertCursor } from '../../../store/notice-cursors.ts'
import { noteDelivery } from '../../../store/webhook-deliveries.ts'
import { findWebhook, setWebhookOff } from '../../../store/webhooks.ts'
import { lockResource } from '../../change-resource.ts'
import type { Deps } from '../../deps.ts'
import type { OpenWebhook } from './open-webhook.ts'
import { recordOfWebhook, targetOf } from './webhooks.ts'

/** What came of a POST, and how it stands in the list of deliveries. */
export type Posted = { verdict: WebhookVerdict; delivery: WebhookDelivery }

/**
 * Sends a notice to a webhook, notes what came of it, and switches the webhook off if it answered 410. No transaction is
 * open meanwhile. What the signal has stopped is noted nowhere.
 */
export async function postNotice(
  deps: Deps,
  { webhook, content }: OpenWebhook,
  { notice, cause, actor }: { notice: Notice; cause: DeliveryCause; actor: Actor },
  signal: AbortSignal,
): Promise<Posted> {
  const { id, resourceId } = webhook
  const at = deps.now()
  const body = webhookBody(resourceId, notice)
  const secrets = signingSecrets(content, at)
  const answer = await deps.sendWebhook({ url: content.url, secrets, id: notice.id, at, body }, signal)
  const verdict = judgeWebhookAnswer(answer, deps.now())
  const delivery: WebhookDelivery = {
    ...{ id: deliveryId(deps.random(WEBHOOK_ID_BYTES)), at, cause, notice, ms: answer.ms },
    told: verdict.told,
    status: 'status' in answer ? answer.status : null,
    words: verdict.words,
  }
  if (!verdict.stopped) await noteDelivery(deps.db, id, delivery)
  if (verdict.gone) await switchWebhook(deps, { webhook, content }, { actor, on: false })
  return { verdict, delivery }
}

/**
 * Switches a webhook off or on, and tells so in the history. On again it is told what happens from then on. What is so
 * already, or gone, is left.
 */
export async function switchWebhook(
  deps: Pick<Deps, 'db' | 'now' | 'log'>,
  { webhook: { resourceId, id }, content }: OpenWebhook,
  { actor, on }: { actor: Actor; on: boolean },
): Promise<void> {
  const at = deps.now()
  const switched = await deps.db
    .transaction()
    .execute(async (trx) => {
      await lockResource(trx, { resourceId })
      const webhook = await findWebhook(trx, { resourceId, id })
      if (!webhook || (webhook.offSince === null) === on) return false
      await setWebhookOff(trx, id, on ? null : at)
      const kind = on ? 'webhook-switched-on' : 'webhook-switched-off'
      await recordOfWebhook(trx, { webhook, kind, actor, at })
      if (on) await insertCursor(trx, targetOf(webhook, content.url))
      else await deleteCursor(trx, { resourceId, id })
      return true
    })
    .catch((error: unknown) => {
      // It was removed meanwhile, and its webhooks with it.
      if (error instanceof SecurekeyError && error.code === 'resource-gone') return false
      throw error
    })
  if (switched) deps.log.info({ resourceId, webhookId: id, on }, 'webhook switched')
}
