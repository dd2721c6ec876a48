import { sql } from 'kysely'
import type { Db } from './database.ts'

/** The resource to which a VPC endpoint leads, and the name by which its customer reaches the service through it. */
export type EndpointBinding = { resourceId: string; dnsName: string | null }

/** An ARN names the account of its user or role in the fifth place. */
const ACCOUNT_OF_ARN = sql<string>`split_part(a.arn, ':', 5)`

/**
 * The resource of a VPC endpoint whose connection is there, whose account is still among those that its customer allows, and
 * whose link is wanted. Undefined in every other case.
 */
export async function findEndpointBinding(db: Db, endpointId: string): Promise<EndpointBinding | undefined> {
  const row = await db
    .selectFrom('private_link_connections as c')
    .innerJoin('private_links as l', 'l.resource_id', 'c.resource_id')
    .select(['c.resource_id', 'c.dns_name'])
    .where('c.endpoint_id', '=', endpointId)
    .where('c.state', '=', 'available')
    .where('l.wanted', '=', 'present')
    .where(({ exists, selectFrom }) =>
      exists(
        selectFrom('private_link_accounts as a')
          .select('a.arn')
          .whereRef('a.resource_id', '=', 'c.resource_id')
          .where('a.status', '!=', 'Removing')
          .whereRef(ACCOUNT_OF_ARN, '=', 'c.account'),
      ),
    )
    .executeTakeFirst()
  return row && { resourceId: row.resource_id, dnsName: row.dns_name }
}
