import { type Selectable, sql } from 'kysely'
import { MOST_DELIVERIES, type WebhookDelivery } from '../domain/notices/webhook.ts'
import type { Db } from './database.ts'
import type { Schema } from './schema.ts'

/**
 * Notes a delivery, and forgets those of its webhook that are too old to be kept. Of a webhook that is gone nothing is noted.
 */
export async function noteDelivery(db: Db, webhookId: string, delivery: WebhookDelivery): Promise<void> {
  const { id, at, cause, notice, told, status, ms, words } = delivery
  await sql`
    insert into webhook_deliveries (id, webhook_id, at, cause, notice, told, status, ms, words)
    select ${id}, w.id, ${at}, ${cause}, ${JSON.stringify(notice)}::jsonb, ${told}, ${status}, ${ms}, ${words}
      from webhooks w where w.id = ${webhookId} for key share`.execute(db)
  await sql`
    delete from webhook_deliveries where webhook_id = ${webhookId} and number <= (
      select number from webhook_deliveries where webhook_id = ${webhookId}
       order by number desc offset ${MOST_DELIVERIES} limit 1)`.execute(db)
}

/** The last deliveries of a webhook, the newest first. */
export async function listDeliveries(db: Db, webhookId: string): Promise<WebhookDelivery[]> {
  const rows = await db
    .selectFrom('webhook_deliveries')
    .selectAll()
    .where('webhook_id', '=', webhookId)
    .orderBy('number', 'desc')
    .limit(MOST_DELIVERIES)
    .execute()
  return rows.map(deliveryOf)
}

/** A delivery of a webhook by its id. */
export async function findDelivery(
  db: Db,
  { webhookId, id }: { webhookId: string; id: string },
): Promise<WebhookDelivery | undefined> {
  const query = db.selectFrom('webhook_deliveries').selectAll().where('webhook_id', '=', webhookId)
  const row = await query.where('id', '=', id).executeTakeFirst()
  return row && deliveryOf(row)
}

function deliveryOf(row: Selectable<Schema['webhook_deliveries']>): WebhookDelivery {
  const { id, at, cause, notice, told, status, ms, words } = row
  return { id, at, cause, notice: { ...notice, at: new Date(notice.at) }, told, status, ms, words }
}
