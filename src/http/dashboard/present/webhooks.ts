import type { Notice } from '../../../domain/notices/notice.ts'
import type { DeliveryCause, Webhook, WebhookDelivery } from '../../../domain/notices/webhook.ts'
import type { StoredCursor } from '../../../flows/notices/read-notices.ts'
import { targetModel } from './notice-targets.ts'
import { momentOf } from './time-words.ts'

/** A webhook as pages list it: where it leads, and how it is doing. */
export function webhookModel(webhook: Webhook, targets: readonly StoredCursor[], now: Date) {
  const { id, name, shownUrl, addedBy, createdAt, offSince } = webhook
  const cursor = targets.find(({ target }) => target.id === id)
  return {
    id,
    name,
    url: shownUrl,
    who: addedBy ?? 'someone unverified',
    added: momentOf(createdAt, now, 'minute'),
    off: offSince && momentOf(offSince, now, 'minute'),
    ...(cursor ? targetModel(cursor, now, 'minute') : { trouble: null }),
  }
}

const CAUSES: Readonly<Record<DeliveryCause, string>> = {
  outbox: '',
  test: 'sent by hand',
  resend: 'sent again by hand',
}

/** A delivery in words: "answered 204, after 35 ms". */
export function deliveryModel({ id, at, cause, notice, told, words, ms }: WebhookDelivery, now: Date) {
  return {
    id,
    at: momentOf(at, now, 'second'),
    cause: CAUSES[cause],
    what: kindWords(notice),
    noticeId: notice.id,
    told,
    words: `${words}, after ${ms} ms`,
  }
}

function kindWords({ kind }: Notice): string {
  return kind.replaceAll('-', ' ')
}
