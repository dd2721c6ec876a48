import { sql } from 'kysely'
import { type Known, knownSince } from '../domain/usual-access.ts'
import type { Db, Trx } from './database.ts'

/** What is kept of a resource at the most: people, programs, and of each the networks. */
export const MOST_SUBJECTS = 200
export const MOST_NETWORKS = 100

const FORGOTTEN_AT_ONCE = 100

/** What is known of a subject of a resource, and to whom keys or the history of that were first handed. */
export type FoundKnown = { known: Known | undefined; firstLooker: string | null }

/** A person, a token or a client that has used a resource: what is known of it, and how it is named. */
export type Accessor = Known & { subject: string; who: string }

/** Reads it under the lock of the resource's row. What has to be forgotten is among it: the rules leave it out. */
export async function findKnown(db: Db, resourceId: string, subject: string): Promise<FoundKnown> {
  const { rows } = await sql<SubjectRow & { first_looker: string | null }>`
    select f.subject as first_looker, s.*, ${NETWORKS}
      from (values (${resourceId}::uuid)) r (id)
      left join first_lookers f on f.resource_id = r.id
      left join access_subjects s on s.resource_id = r.id and s.subject = ${subject}
  `.execute(db)
  const [row] = rows
  return { known: row?.subject ? knownOf(row) : undefined, firstLooker: row?.first_looker ?? null }
}

/** Who used a resource within 90 days, the newest first. */
export async function listAccessors(db: Db, resourceId: string, now: Date): Promise<Accessor[]> {
  const { rows } = await sql<SubjectRow>`
    select s.*, ${NETWORKS}
      from access_subjects s
     where s.resource_id = ${resourceId} and s.last_at >= ${knownSince(now)} and s.subject ~ '^(person|token|client):'
     order by s.last_at desc, s.subject
     limit ${MOST_SUBJECTS}
  `.execute(db)
  return rows.map((row) => ({ ...knownOf(row), subject: row.subject, who: row.who }))
}

/** Remembers who looked first. */
export async function insertFirstLooker(trx: Trx, resourceId: string, subject: string): Promise<void> {
  await trx.insertInto('first_lookers').values({ resource_id: resourceId, subject }).execute()
}

/** Writes what is known of a subject now, and the network from which it came. */
export async function saveKnown(
  trx: Trx,
  resourceId: string,
  { subject, who, network, ...known }: Accessor & { network: string | null },
): Promise<void> {
  const row = {
    who,
    last_at: known.lastAt,
    keys_at: known.keysAt,
    settled_days: known.settledDays,
    recent: JSON.stringify(known.recent),
  }
  await trx
    .insertInto('access_subjects')
    .values({ resource_id: resourceId, subject, first_at: known.firstAt, ...row })
    .onConflict((conflict) =>
      // Who had been forgotten begins anew.
      conflict.columns(['resource_id', 'subject']).doUpdateSet({ first_at: known.firstAt, ...row }),
    )
    .execute()
  const used = known.networks.find((each) => each.network === network)
  if (!used) return
  const dates = { first_at: used.firstAt, last_at: used.lastAt }
  await trx
    .insertInto('access_networks')
    .values({ resource_id: resourceId, subject, network: used.network, ...dates })
    .onConflict((conflict) => conflict.columns(['resource_id', 'subject', 'network']).doUpdateSet(dates))
    .execute()
}

/** Keeps what a resource has within its bounds, after something new came to it: what was seen longest ago goes. */
export async function boundKnown(trx: Trx, resourceId: string, subject: string): Promise<void> {
  await sql`
    delete from access_networks
     where resource_id = ${resourceId} and subject = ${subject} and network in (
       select network from access_networks where resource_id = ${resourceId} and subject = ${subject}
        order by last_at desc, network offset ${MOST_NETWORKS}
     )
  `.execute(trx)
  await sql`
    delete from access_subjects
     where resource_id = ${resourceId} and subject in (
       select subject from access_subjects where resource_id = ${resourceId}
        order by last_at desc, subject offset ${MOST_SUBJECTS}
     )
  `.execute(trx)
}

/** Forgets what was seen before 90 days, of whichever resources: some of it, and more than one access adds. */
export async function forgetKnown(db: Db, now: Date): Promise<void> {
  const since = knownSince(now)
  for (const table of [sql.table('access_networks'), sql.table('access_subjects')]) {
    await sql`
      delete from ${table} where ctid = any (array(
        select ctid from ${table} where last_at < ${since} order by last_at
         limit ${FORGOTTEN_AT_ONCE} for update skip locked
      ))
    `.execute(db)
  }
  await sql`
    delete from unusual_accesses where ctid = any (array(
      select ctid from unusual_accesses where at < ${since} order by at
       limit ${FORGOTTEN_AT_ONCE} for update skip locked
    ))
  `.execute(db)
}

type SubjectRow = {
  subject: string
  who: string
  first_at: Date
  last_at: Date
  keys_at: Date | null
  settled_days: number
  recent: string[]
  networks: { network: string; first_at: string; last_at: string }[]
}

const NETWORKS = sql`
  array(
    select jsonb_build_object('network', n.network, 'first_at', n.first_at, 'last_at', n.last_at)
      from access_networks n
     where n.resource_id = s.resource_id and n.subject = s.subject
     order by n.last_at desc, n.network
     limit ${MOST_NETWORKS}
  ) as networks`

function knownOf(row: SubjectRow): Known {
  return {
    firstAt: row.first_at,
    lastAt: row.last_at,
    keysAt: row.keys_at,
    settledDays: row.settled_days,
    recent: row.recent.map((at) => new Date(at)),
    networks: row.networks.map(({ network, first_at, last_at }) => ({
      network,
      firstAt: new Date(first_at),
      lastAt: new Date(last_at),
    })),
  }
}
