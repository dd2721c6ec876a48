import { sql } from 'kysely'
import type { Db } from './database.ts'

/** A live resource here that seems to be none at Heroku, and since when. */
export type Orphan = { resourceId: string; name: string | null; plan: string; why: OrphanReason; since: Date }

/** `missing`: Heroku answers 404 for it. `no-tokens`: there never were any, so Heroku cannot even be asked. */
export type OrphanReason = 'missing' | 'no-tokens'

function orphans(db: Db, before: Date) {
  return db
    .selectFrom('resources as r')
    .leftJoin('oauth_tokens as t', 't.resource_id', 'r.id')
    .leftJoin('oauth_grants as g', (join) =>
      join.onRef('g.resource_id', '=', 'r.id').on('g.state', '=', 'waiting'),
    )
    .where('r.state', '=', 'provisioned')
    .where((either) =>
      either.or([
        either('r.missing_since', '<=', before),
        either.and([
          either('t.resource_id', 'is', null),
          either('g.resource_id', 'is', null),
          either('r.created_at', '<=', before),
          // What the legacy API made never had any.
          either('r.callback_path', 'is', null),
        ]),
      ]),
    )
}

/** Resources that have been so since `before` or longer, the oldest first, and how many there are in all. */
export async function listOrphans(
  db: Db,
  { before, limit }: { before: Date; limit: number },
): Promise<{ orphans: Orphan[]; total: number }> {
  const rows = await orphans(db, before)
    .select(['r.id', 'r.name', 'r.plan', 'r.missing_since', 'r.created_at'])
    .orderBy(sql`coalesce(r.missing_since, r.created_at)`)
    .limit(limit)
    .execute()
  const { total } = await orphans(db, before)
    .select(sql<number>`count(*)::int`.as('total'))
    .executeTakeFirstOrThrow()
  return {
    orphans: rows.map(({ id, name, plan, missing_since: missing, created_at: created }) => ({
      resourceId: id,
      name,
      plan: plan ?? '',
      why: missing ? 'missing' : 'no-tokens',
      since: missing ?? created,
    })),
    total,
  }
}

/** Why a resource is one of them; undefined when it is not. */
export async function orphanReason(
  db: Db,
  resourceId: string,
  before: Date,
): Promise<OrphanReason | undefined> {
  const row = await orphans(db, before)
    .select('r.missing_since')
    .where('r.id', '=', resourceId)
    .executeTakeFirst()
  return row && (row.missing_since ? 'missing' : 'no-tokens')
}
