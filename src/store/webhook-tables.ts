import type { NoticeFacts, NoticeKind } from '../domain/notices/notice.ts'
import type { DeliveryCause } from '../domain/notices/webhook.ts'
import { bigint, boolean, bytes, integer, json, moment, orNull, text, uuid, withDefault } from './columns.ts'

/** A notice as a row holds it: its moment is a text. */
export type StoredNotice = {
  id: string
  kind: NoticeKind
  at: string
  seq: number | null
  text: string
  facts: NoticeFacts
}

/** The tables of webhooks: the receivers, and the last deliveries to each. */
export const WEBHOOK_TABLES = {
  webhooks: {
    id: text(),
    resource_id: uuid,
    name: text(),
    shown_url: text(),
    sealed_webhook: bytes,
    added_by: orNull(text()),
    created_at: moment,
    off_since: orNull(moment),
    tried_at: orNull(moment),
  },
  webhook_deliveries: {
    id: text(),
    webhook_id: text(),
    number: withDefault(bigint),
    at: moment,
    cause: text<DeliveryCause>(),
    notice: json<StoredNotice>(),
    told: boolean,
    status: orNull(integer),
    ms: integer,
    words: text(),
  },
}
