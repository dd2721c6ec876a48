import type { Person } from '../../../domain/actor.ts'
import type { Notice } from '../../../domain/notices/notice.ts'
import {
  type DeliveryCause,
  isDeliveryId,
  isWebhookId,
  testNotice,
  WEBHOOK_ID_BYTES,
  type Webhook,
  type WebhookDelivery,
} from '../../../domain/notices/webhook.ts'
import { findDelivery } from '../../../store/webhook-deliveries.ts'
import { takeTurnByHand } from '../../../store/webhooks.ts'
import { lockResource } from '../../change-resource.ts'
import type { Deps } from '../../deps.ts'
import { openWebhook } from './open-webhook.ts'
import { postNotice, switchWebhook } from './post-notice.ts'

/** `unknown`: the resource has no such webhook, or that no such delivery. `too-soon`: try again after so long. */
export type TryOutcome =
  | { outcome: 'sent'; webhook: Webhook; delivery: WebhookDelivery; switchedOn: boolean }
  | { outcome: 'unknown' }
  | { outcome: 'too-soon'; waitMs: number }

type Asked = { resourceId: string; actor: Person; id: string }

/** A receiver is reached by hand no more often than this, from however many browsers and programs. */
const BY_HAND_EVERY_MS = 5_000
/** More than a POST may take. */
const LIMIT_MS = 15_000

/**
 * Sends a test notice to a webhook and waits for what the receiver says. One that had said that it wants no more is switched
 * on again if it takes the test. Throws `unknown-resource`, `resource-gone`.
 */
export async function testWebhook(deps: Deps, asked: Asked): Promise<TryOutcome> {
  return await tryByHand(deps, asked, 'test', async (name) => {
    return testNotice(asked.resourceId, name, deps.now(), deps.random(WEBHOOK_ID_BYTES))
  })
}

/** Sends the notice of a delivery once more, under the same id. What is due is not put off by it. Throws as `testWebhook`. */
export async function resendDelivery(
  deps: Deps,
  { delivery, ...asked }: Asked & { delivery: string },
): Promise<TryOutcome> {
  return await tryByHand(deps, asked, 'resend', async () => {
    if (!isDeliveryId(delivery)) return undefined
    return (await findDelivery(deps.db, { webhookId: asked.id, id: delivery }))?.notice
  })
}

async function tryByHand(
  deps: Deps,
  { resourceId, actor, id }: Asked,
  cause: DeliveryCause,
  noticeOf: (name: string) => Promise<Notice | undefined>,
): Promise<TryOutcome> {
  // Who came by the command line is asked for once more: that session may have ended meanwhile.
  const { resource } = await deps.db.transaction().execute((trx) => lockResource(trx, { resourceId, actor }))
  const open = isWebhookId(id) ? await openWebhook(deps, { resourceId, id }) : undefined
  const notice = open && (await noticeOf(resource.name ?? resourceId))
  if (!open || !notice) return { outcome: 'unknown' }
  if (!(await takeTurnByHand(deps.db, id, BY_HAND_EVERY_MS))) {
    return { outcome: 'too-soon', waitMs: BY_HAND_EVERY_MS }
  }
  const signal = AbortSignal.timeout(LIMIT_MS)
  const { verdict, delivery } = await postNotice(deps, open, { notice, cause, actor }, signal)
  const { sealed: _sealed, ...webhook } = open.webhook
  const switchedOn = verdict.told && webhook.offSince !== null
  if (switchedOn) await switchWebhook(deps, open, { actor, on: true })
  return { outcome: 'sent', webhook, delivery, switchedOn }
}
