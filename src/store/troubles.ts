import { type Selectable, sql } from 'kysely'
import type { Cause, FailingResource, Operation, Trouble } from '../domain/trouble.ts'
import type { Db, Trx } from './database.ts'
import { interval } from './intervals.ts'
import type { Schema } from './schema.ts'

/** A trouble as it is stored, with its newest failure in a line. */
export type StoredTrouble = Trouble & { failure: string }

/** What lies farther ahead than this was written while the clock of the database was wrong. */
const AHEAD_MS = 60_000

/** All that is known to be wrong, and the time by the clock that all processes share: one short read while all is well. */
export async function findTroubles(db: Db): Promise<{ now: Date; troubles: StoredTrouble[] }> {
  const [first] = await db
    .selectNoFrom([
      sql<Date>`service_now()`.as('now'),
      sql<boolean>`exists (select from troubles)`.as('any_known'),
    ])
    .execute()
  const now = first?.now ?? new Date(Number.NaN)
  return { now, troubles: first?.any_known ? await findAll(db, now) : [] }
}

async function findAll(db: Db, now: Date): Promise<StoredTrouble[]> {
  const rows = await db.selectFrom('troubles').selectAll().orderBy('cause').execute()
  const failing = await db.selectFrom('trouble_failures').selectAll().orderBy('first_at').execute()
  return rows.map((row) =>
    troubleOf(
      row,
      failing.filter(({ cause }) => cause === row.cause),
      now,
    ),
  )
}

/** The causes that are proved, and since when. */
export async function findVerdicts(db: Db): Promise<{ cause: Cause; since: Date }[]> {
  const rows = await db
    .selectFrom('troubles')
    .select(['cause', 'verdict_at'])
    .where('verdict_at', 'is not', null)
    .orderBy('cause')
    .execute()
  return rows.flatMap(({ cause, verdict_at: since }) => (since ? [{ cause, since }] : []))
}

/** A trouble, locked until the transaction ends; it is begun where it is not known. */
export async function lockTrouble(trx: Trx, cause: Cause, begin: { probeAt: Date }): Promise<StoredTrouble> {
  await trx
    .insertInto('troubles')
    .values({ cause, failure: '', probe_at: begin.probeAt })
    .onConflict((conflict) => conflict.doNothing())
    .execute()
  const trouble = await lockKnownTrouble(trx, cause)
  if (!trouble) throw new Error(`trouble ${cause} ended as it began`)
  return trouble
}

/** The same; undefined where it is not known. */
export async function lockKnownTrouble(trx: Trx, cause: Cause): Promise<StoredTrouble | undefined> {
  const row = await trx
    .selectFrom('troubles')
    .selectAll()
    .select(sql<Date>`service_now()`.as('now'))
    .where('cause', '=', cause)
    .forUpdate()
    .executeTakeFirst()
  if (!row) return undefined
  const failing = await trx.selectFrom('trouble_failures').selectAll().where('cause', '=', cause).execute()
  return troubleOf(row, failing, row.now)
}

/** Writes a locked trouble as it is now; one in which nobody fails any more is forgotten. */
export async function saveTrouble(trx: Trx, trouble: StoredTrouble): Promise<void> {
  const { cause, verdictAt, failure, succeededAt, failing } = trouble
  await trx.deleteFrom('trouble_failures').where('cause', '=', cause).execute()
  if (failing.length === 0) {
    await trx.deleteFrom('troubles').where('cause', '=', cause).execute()
    return
  }
  await trx
    .insertInto('trouble_failures')
    .columns(['cause', 'resource_id', 'operation', 'first_at', 'last_at'])
    .values(
      failing.map(({ resourceId, operation, firstAt, lastAt }) => ({
        cause,
        resource_id: resourceId,
        operation,
        first_at: firstAt,
        last_at: lastAt,
      })),
    )
    .execute()
  await trx
    .updateTable('troubles')
    .set({
      verdict_at: verdictAt,
      failure,
      token_succeeded_at: succeededAt.token,
      read_succeeded_at: succeededAt.read,
      write_succeeded_at: succeededAt.write,
    })
    .where('cause', '=', cause)
    .execute()
}

/**
 * Takes the right to try whether a trouble is over, for all processes together, once it is due for `overdueMs`. Returns
 * when it is next to be had; undefined: it is not time yet.
 */
export async function takeProbe(
  db: Db,
  { cause, overdueMs, everyMs }: { cause: Cause; overdueMs: number; everyMs: number },
): Promise<Date | undefined> {
  const row = await db
    .updateTable('troubles')
    .set({ probe_at: sql<Date>`service_now() + ${interval(everyMs)}` })
    .where('cause', '=', cause)
    .where(
      sql<boolean>`(probe_at <= service_now() - ${interval(overdueMs)}
                    or probe_at > service_now() + ${interval(AHEAD_MS)})`,
    )
    .returning('probe_at')
    .executeTakeFirst()
  return row?.probe_at
}

/**
 * A live resource that Heroku knows and lets us speak for, the next one behind `id`, round about; none of `except`. By the
 * add-on's password we may speak for all, else for those that have tokens.
 */
export async function findWitness(
  db: Db,
  { id, except, proof }: { id: string; except: readonly string[]; proof: 'token' | 'password' },
): Promise<string | undefined> {
  const withTokens = db.selectFrom('oauth_tokens').select('resource_id')
  const after = (bound: 'from' | 'to') =>
    db
      .selectFrom('resources')
      .select('id')
      .where('id', bound === 'from' ? '>=' : '<', id)
      .where('state', '=', 'provisioned')
      .where('missing_since', 'is', null)
      .$if(proof === 'token', (query) => query.where('id', 'in', withTokens))
      .$if(except.length > 0, (query) => query.where('id', 'not in', [...except]))
      .orderBy('id')
      .limit(1)
      .executeTakeFirst()
  return ((await after('from')) ?? (await after('to')))?.id
}

/** A moment that lies too far ahead counts as one a minute ago, or it would hold everybody back until it has come. */
function troubleOf(
  row: Selectable<Schema['troubles']>,
  failing: readonly Selectable<Schema['trouble_failures']>[],
  now: Date,
): StoredTrouble {
  const believed = (at: Date) =>
    at.getTime() - now.getTime() > AHEAD_MS ? new Date(now.getTime() - AHEAD_MS) : at
  const ifKnown = (at: Date | null) => at && believed(at)
  return {
    cause: row.cause,
    verdictAt: ifKnown(row.verdict_at),
    failure: row.failure,
    probeAt: believed(row.probe_at),
    failing: failing.map(
      (each): FailingResource => ({
        resourceId: each.resource_id,
        operation: each.operation,
        firstAt: believed(each.first_at),
        lastAt: believed(each.last_at),
      }),
    ),
    succeededAt: {
      token: ifKnown(row.token_succeeded_at),
      read: ifKnown(row.read_succeeded_at),
      write: ifKnown(row.write_succeeded_at),
    } satisfies Record<Operation, Date | null>,
  }
}
