import { sql } from 'kysely'
import type { ConnectionFacts } from '../domain/aws-endpoint.ts'
import type { PublishedEndpoints } from '../domain/endpoint-vars.ts'
import type { LinkStatus } from '../domain/private-link.ts'
import { CLAIMED_AT, type ClaimRequest, claimDueRows } from './claims.ts'
import { moment } from './columns.ts'
import type { Db, Trx } from './database.ts'
import { ask, askAll, runPrepared } from './group-statement.ts'
import { interval } from './intervals.ts'
import { findPrivateLink, type StoredLink } from './private-links.ts'
import { TABLES } from './schema.ts'

/** A claimed look at a link. `at`: the present, by the clock of the database. `lives`: its add-on is there. */
export type ClaimedLink = StoredLink & { resourceId: string; fence: string; at: Date; lives: boolean }

type Fenced = Pick<ClaimedLink, 'resourceId' | 'fence'>

/** Claims links at which somebody must look. */
export async function claimPrivateLinks(db: Db, request: ClaimRequest): Promise<ClaimedLink[]> {
  const rows = await runPrepared(
    db,
    'claim-private-links',
    {
      ...askAll(TABLES.private_links, 'p', ['resource_id', 'fence']),
      state: ask(TABLES.resources.state, 'r.state'),
      at: ask(moment, CLAIMED_AT),
    },
    (list) => sql`
      ${claimDueRows('private_links', request)}
      select ${list} from claimed p join resources r on r.id = p.resource_id`,
  )
  const claimed: ClaimedLink[] = []
  for (const { resource_id: resourceId, fence, state, at } of rows) {
    const stored = await findPrivateLink(db, resourceId)
    if (stored?.link.fence !== fence) continue
    claimed.push({ ...stored, resourceId, fence, at, lives: state === 'provisioned' })
  }
  return claimed
}

/** Changes columns of a claimed link. False: the claim is no longer ours, and nothing was written. */
async function change(
  db: Db,
  { resourceId, fence }: Fenced,
  columns: Partial<{
    create_sent_at: Date | null
    gone_since: Date | null
    service_id: string | null
    service_name: string | null
    client_token: string
    published: string
  }>,
): Promise<boolean> {
  const row = await db
    .updateTable('private_links')
    .set(columns)
    .where('resource_id', '=', resourceId)
    .where('fence', '=', fence)
    .returning('resource_id')
    .executeTakeFirst()
  return row !== undefined
}

/** Notes, before AWS is asked to make a service, that it is. */
export async function noteCreateSent(db: Db, claim: Fenced, at: Date): Promise<boolean> {
  return await change(db, claim, { create_sent_at: at })
}

/** Notes which service is that of the link. */
export async function noteService(
  db: Db,
  claim: Fenced,
  { serviceId, serviceName }: { serviceId: string; serviceName: string },
): Promise<boolean> {
  return await change(db, claim, { service_id: serviceId, service_name: serviceName, gone_since: null })
}

/** Notes since when AWS does not show the service. */
export async function noteGoneSince(db: Db, claim: Fenced, since: Date | null): Promise<boolean> {
  return await change(db, claim, { gone_since: since })
}

/** Notes that AWS shows the service of a link: from now on it is gone when AWS does not. */
export async function noteShown(db: Db, claim: ClaimedLink): Promise<boolean> {
  const { create_sent_at: sent, gone_since: gone } = claim.link
  if (sent === null && gone === null) return true
  return await change(db, claim, { create_sent_at: null, gone_since: null })
}

/** Forgets a service that is gone, so that another is made by another token. */
export async function forgetService(db: Db, claim: Fenced, clientToken: string): Promise<boolean> {
  return await change(db, claim, {
    service_id: null,
    service_name: null,
    create_sent_at: null,
    gone_since: null,
    client_token: clientToken,
  })
}

/** Notes which config vars Heroku has confirmed. */
export async function notePublished(db: Db, claim: Fenced, published: PublishedEndpoints): Promise<boolean> {
  return await change(db, claim, { published: JSON.stringify(published) })
}

/** What a look has found and done. What is left out is as it was. */
export type LinkLookEnd = {
  status: LinkStatus
  failure: string | null
  attempts: number
  lastFailure: string | null
  againInMs: number
  /** AWS was seen as a whole. */
  whole: boolean
  activeArns: readonly string[]
  removedArns: readonly string[]
  connections: readonly ConnectionFacts[] | undefined
}

/** Ends a claimed look. False: it is no longer ours, and nothing was written. */
export async function endLinkLook(trx: Trx, claim: ClaimedLink, end: LinkLookEnd): Promise<boolean> {
  const { resourceId, fence, at, link } = claim
  const isMadeAnew = link.status === 'Operational' && end.status === 'Provisioning'
  const row = await trx
    .updateTable('private_links')
    .set({
      status: end.status,
      failure: end.failure,
      attempts: end.attempts,
      last_failure: end.lastFailure,
      ...(end.whole && { looked_at: at }),
      // Somebody has deleted it at AWS: the time in which it must be made begins now.
      ...(isMadeAnew && { asked_at: at }),
      wake_at: sql<Date>`service_now() + ${interval(end.againInMs)}`,
      claimed_until: null,
    })
    .where('resource_id', '=', resourceId)
    .where('fence', '=', fence)
    .returning('resource_id')
    .executeTakeFirst()
  if (!row) return false
  await settleAccounts(trx, claim, end)
  if (end.connections) await replaceConnections(trx, resourceId, end.connections)
  return true
}

async function settleAccounts(
  trx: Trx,
  { resourceId, at }: ClaimedLink,
  { activeArns, removedArns }: LinkLookEnd,
): Promise<void> {
  if (activeArns.length > 0) {
    await trx
      .updateTable('private_link_accounts')
      .set({ status: 'Active', since: at })
      .where('resource_id', '=', resourceId)
      .where('arn', 'in', [...activeArns])
      .where('status', '=', 'Adding')
      .execute()
  }
  if (removedArns.length === 0) return
  await trx
    .deleteFrom('private_link_accounts')
    .where('resource_id', '=', resourceId)
    .where('arn', 'in', [...removedArns])
    .where('status', '=', 'Removing')
    .execute()
}

async function replaceConnections(
  trx: Trx,
  resourceId: string,
  connections: readonly ConnectionFacts[],
): Promise<void> {
  await trx.deleteFrom('private_link_connections').where('resource_id', '=', resourceId).execute()
  if (connections.length === 0) return
  await trx
    .insertInto('private_link_connections')
    .values(
      connections.map(({ endpointId, ownerAccount, state, dnsName }) => ({
        resource_id: resourceId,
        endpoint_id: endpointId,
        account: ownerAccount,
        state,
        dns_name: dnsName,
      })),
    )
    .execute()
}

/** Forgets a link of which AWS shows nothing any more. */
export async function dropPrivateLink(db: Db, { resourceId, fence }: Fenced): Promise<boolean> {
  const row = await db
    .deleteFrom('private_links')
    .where('resource_id', '=', resourceId)
    .where('fence', '=', fence)
    .where('wanted', '=', 'absent')
    .returning('resource_id')
    .executeTakeFirst()
  return row !== undefined
}

/** How many links there are. */
export async function countPrivateLinks(db: Db): Promise<number> {
  const { count } = await db
    .selectFrom('private_links')
    .select(sql<number>`count(*)::int`.as('count'))
    .executeTakeFirstOrThrow()
  return count
}
