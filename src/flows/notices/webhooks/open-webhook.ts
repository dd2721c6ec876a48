import { SecurekeyError } from '../../../domain/errors.ts'
import type { WebhookSecrets } from '../../../domain/notices/webhook-secret.ts'
import type { NoticeSealer } from '../../../sealing/sealing.ts'
import { findWebhook, type StoredWebhook } from '../../../store/webhooks.ts'
import { liveResource } from '../../change-resource.ts'
import type { Deps } from '../../deps.ts'

/** What is sealed of a webhook. */
export type WebhookContent = WebhookSecrets & { url: string }

/** A webhook that can be sent to. */
export type OpenWebhook = { webhook: StoredWebhook; content: WebhookContent }

/** The id is sealed with the rest: a value that was copied to another webhook does not open. */
export function sealWebhook(sealer: NoticeSealer, id: string, content: WebhookContent): Buffer {
  return sealer.seal('sealed_webhook', JSON.stringify({ id, ...content }))
}

/** Opens what is sealed of a webhook. Throws `sealed-value-unreadable`. */
export function openContent(sealer: NoticeSealer, { id, sealed }: StoredWebhook): WebhookContent {
  const opened = JSON.parse(sealer.open('sealed_webhook', sealed)) as WebhookContent & { id: string }
  if (opened.id !== id) {
    throw new SecurekeyError('sealed-value-unreadable', 'A stored secret cannot be read.', {
      detail: 'the sealed value is that of another webhook',
    })
  }
  return opened
}

/**
 * The webhook of a live resource, opened; undefined: it has none of that id. Throws `unknown-resource`, `resource-gone` and
 * `sealed-value-unreadable`.
 */
export async function openWebhook(
  deps: Pick<Deps, 'db' | 'sealing'>,
  which: { resourceId: string; id: string },
): Promise<OpenWebhook | undefined> {
  const { resource, webhook } = await deps.db
    .transaction()
    .setIsolationLevel('repeatable read')
    .setAccessMode('read only')
    .execute(async (trx) => ({
      // Both as of one moment: the value may be sealed anew at any time.
      resource: await liveResource(trx, which.resourceId),
      webhook: await findWebhook(trx, which),
    }))
  if (!webhook || !resource.dek) return undefined
  return { webhook, content: openContent(await deps.sealing.forNotices(resource.id, resource.dek), webhook) }
}
