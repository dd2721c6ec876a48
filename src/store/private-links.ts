import { type Selectable, sql } from 'kysely'
import type { PublishedEndpoints } from '../domain/endpoint-vars.ts'
import type { LinkAccountStatus, LinkStatus } from '../domain/private-link.ts'
import type { Db, Trx } from './database.ts'
import type { Schema } from './schema.ts'

/** A private link with its accounts and endpoints, as it is stored. */
export type StoredLink = {
  link: Selectable<Schema['private_links']>
  accounts: Selectable<Schema['private_link_accounts']>[]
  connections: Selectable<Schema['private_link_connections']>[]
}

/** The link of an add-on; undefined: there is none. */
export async function findPrivateLink(db: Db, resourceId: string): Promise<StoredLink | undefined> {
  const link = await db
    .selectFrom('private_links')
    .selectAll()
    .where('resource_id', '=', resourceId)
    .executeTakeFirst()
  return link && { link, ...(await partsOf(db, resourceId)) }
}

/**
 * The same, its row locked until the transaction ends: whoever decides on a link begins with this, behind the lock of its
 * add-on where he takes that too.
 */
export async function lockPrivateLink(trx: Trx, resourceId: string): Promise<StoredLink | undefined> {
  const link = await trx
    .selectFrom('private_links')
    .selectAll()
    .where('resource_id', '=', resourceId)
    .forUpdate()
    .executeTakeFirst()
  return link && { link, ...(await partsOf(trx, resourceId)) }
}

async function partsOf(db: Db, resourceId: string): Promise<Omit<StoredLink, 'link'>> {
  const accounts = await db
    .selectFrom('private_link_accounts')
    .selectAll()
    .where('resource_id', '=', resourceId)
    .orderBy('since')
    .orderBy('arn')
    .execute()
  const connections = await db
    .selectFrom('private_link_connections')
    .selectAll()
    .where('resource_id', '=', resourceId)
    .orderBy('endpoint_id')
    .execute()
  return { accounts, connections }
}

/** How many links there are at each load balancer of a region. */
export async function countLinksByNlb(db: Db, region: string): Promise<Map<string, number>> {
  const rows = await db
    .selectFrom('private_links')
    .select(['nlb_arn', sql<number>`count(*)::int`.as('count')])
    .where('region', '=', region)
    .groupBy('nlb_arn')
    .execute()
  return new Map(rows.map(({ nlb_arn, count }) => [nlb_arn, count]))
}

/** Stores a new link. Somebody looks at it at once. */
export async function insertPrivateLink(
  trx: Trx,
  link: { resourceId: string; region: string; nlbArn: string; clientToken: string; arns: readonly string[] },
  now: Date,
): Promise<void> {
  const { resourceId, arns } = link
  await trx
    .insertInto('private_links')
    .values({
      resource_id: resourceId,
      region: link.region,
      nlb_arn: link.nlbArn,
      client_token: link.clientToken,
      asked_at: now,
      wake_at: sql<Date>`service_now()`,
    })
    .execute()
  await setLinkAccounts(trx, resourceId, arns, 'Adding', now)
}

/** Gives accounts of a link this status; those that are not there yet are added. */
export async function setLinkAccounts(
  trx: Trx,
  resourceId: string,
  arns: readonly string[],
  status: LinkAccountStatus,
  since: Date,
): Promise<void> {
  if (arns.length === 0) return
  await trx
    .insertInto('private_link_accounts')
    .values(arns.map((arn) => ({ resource_id: resourceId, arn, status, since })))
    .onConflict((conflict) => conflict.columns(['resource_id', 'arn']).doUpdateSet({ status, since }))
    .execute()
}

/**
 * Notes that its customer has changed a link: somebody looks at it at once, and whatever a look that is under way still finds is
 * void, since that has not seen the change.
 */
export async function noteLinkChange(
  trx: Trx,
  resourceId: string,
  now: Date,
  change: { wanted?: 'absent'; status?: LinkStatus; published?: string } = {},
): Promise<void> {
  await trx
    .updateTable('private_links')
    .set({
      ...change,
      ...(change.status && { failure: null }),
      asked_at: now,
      attempts: 0,
      last_failure: null,
      wake_at: sql<Date>`service_now()`,
      claimed_until: null,
      fence: sql<string>`fence + 1`,
    })
    .where('resource_id', '=', resourceId)
    .execute()
}

/** Lets a link end with its add-on: who might use it and what Heroku held of it is erased at once. */
export async function endLinkOfAddon(trx: Trx, resourceId: string, now: Date): Promise<void> {
  const nothing: PublishedEndpoints = { how: 'each', vars: {} }
  const published = JSON.stringify(nothing)
  await noteLinkChange(trx, resourceId, now, { wanted: 'absent', status: 'Deprovisioning', published })
  await trx.deleteFrom('private_link_accounts').where('resource_id', '=', resourceId).execute()
  await trx.deleteFrom('private_link_connections').where('resource_id', '=', resourceId).execute()
}
