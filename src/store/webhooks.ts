import { type Selectable, sql } from 'kysely'
import type { Webhook } from '../domain/notices/webhook.ts'
import type { Db, Trx } from './database.ts'
import { interval } from './intervals.ts'
import type { Schema } from './schema.ts'

/** A webhook with its sealed value: its URL and its secrets. */
export type StoredWebhook = Webhook & { sealed: Buffer }

const MOST_LISTED = 50

/** The webhooks of a resource, in the order in which they were added. */
export async function listWebhooks(db: Db, resourceId: string): Promise<StoredWebhook[]> {
  const rows = await db
    .selectFrom('webhooks')
    .selectAll()
    .where('resource_id', '=', resourceId)
    .orderBy('created_at')
    .orderBy('id')
    .limit(MOST_LISTED)
    .execute()
  return rows.map(webhookOf)
}

/** The webhook of that id, if it is one of this resource. */
export async function findWebhook(
  db: Db,
  { resourceId, id }: { resourceId: string; id: string },
): Promise<StoredWebhook | undefined> {
  const query = db.selectFrom('webhooks').selectAll().where('resource_id', '=', resourceId)
  const row = await query.where('id', '=', id).executeTakeFirst()
  return row && webhookOf(row)
}

/** Under the lock of the resource's row, as all that follows: a webhook is sealed anew under it. */
export async function insertWebhook(trx: Trx, webhook: StoredWebhook): Promise<void> {
  await trx
    .insertInto('webhooks')
    .values({
      id: webhook.id,
      resource_id: webhook.resourceId,
      name: webhook.name,
      shown_url: webhook.shownUrl,
      sealed_webhook: webhook.sealed,
      added_by: webhook.addedBy,
      created_at: webhook.createdAt,
      off_since: webhook.offSince,
    })
    .execute()
}

/** Removes a webhook and its deliveries. */
export async function deleteWebhook(trx: Trx, id: string): Promise<void> {
  await trx.deleteFrom('webhooks').where('id', '=', id).execute()
}

/** Puts another sealed value in the place of a webhook's. */
export async function replaceWebhookSeal(trx: Trx, id: string, sealed: Buffer): Promise<void> {
  await trx.updateTable('webhooks').set({ sealed_webhook: sealed }).where('id', '=', id).execute()
}

/** Switches a webhook off, since that moment, or on again. */
export async function setWebhookOff(trx: Trx, id: string, since: Date | null): Promise<void> {
  await trx.updateTable('webhooks').set({ off_since: since }).where('id', '=', id).execute()
}

/** Takes the turn to send something by hand. False: somebody has done so within `everyMs`. */
export async function takeTurnByHand(db: Db, id: string, everyMs: number): Promise<boolean> {
  const row = await db
    .updateTable('webhooks')
    .set({ tried_at: sql<Date>`service_now()` })
    .where('id', '=', id)
    .where(sql<boolean>`(tried_at is null or tried_at <= service_now() - ${interval(everyMs)})`)
    .returning('id')
    .executeTakeFirst()
  return row !== undefined
}

function webhookOf(row: Selectable<Schema['webhooks']>): StoredWebhook {
  return {
    id: row.id,
    resourceId: row.resource_id,
    name: row.name,
    shownUrl: row.shown_url,
    sealed: row.sealed_webhook,
    addedBy: row.added_by,
    createdAt: row.created_at,
    offSince: row.off_since,
  }
}
