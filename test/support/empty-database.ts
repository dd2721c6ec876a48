import { setTimeout as sleep } from 'node:timers/promises'
import pg from 'pg'

/** How a used database becomes what its migrations made of it; made once per run from the template. */
export type Emptying = { script: string; schema: string }

/** Above it the pages of deleted rows would cost the next test more than a new database does. */
const LARGEST_BYTES = 4_000_000
const SESSION_END_LIMIT_MS = 5_000
const SESSION_END_POLL_MS = 2

/** A foreign key's own table comes before the one that it points to, so nothing is left to cascade. */
const TABLES = `
  with recursive below (oid, depth) as (
    select oid, 0 from pg_class where relkind in ('r', 'p') and relnamespace = 'public'::regnamespace
    union
    select conrelid, depth + 1 from below
      join pg_constraint on confrelid = below.oid and contype = 'f' and conrelid <> confrelid
     where depth < 50
  )
  select oid::regclass::text as name from below group by oid order by max(depth) desc, name`

/** Some tables refuse every change of their rows. */
const WITHOUT_TRIGGERS = 'set local session_replication_role = replica'

const SEQUENCES = 'select setval(seqrelid, seqstart, false) from pg_sequence'

/** The newest row of each catalogue that a change of the schema writes to; deleting rows of tables touches none. */
const SCHEMA = `select concat_ws(' ', ${['pg_attribute', 'pg_constraint', 'pg_index', 'pg_trigger', 'pg_proc']
  .map((name) => `(select count(*) || '/' || coalesce(max(xmin::text::bigint), 0) from ${name})`)
  .join(', ')}) as schema`

const SIZE = `
  select coalesce(sum(pg_relation_size(oid)), 0)::int8 as bytes
    from pg_class where relkind in ('r', 'i', 't') and relnamespace = 'public'::regnamespace`

const END_SESSIONS = `
  select pg_terminate_backend(pid) from pg_stat_activity
   where datname = current_database() and pid <> pg_backend_pid()`

/** Reads off a freshly migrated database what is deleted and what is put back; rows of the migrations return. */
export async function emptyingOf(migrated: pg.Client): Promise<Emptying> {
  const { rows: tables } = await migrated.query<{ name: string }>(TABLES)
  const refill: string[] = []
  for (const { name } of tables.toReversed()) {
    const { rows } = await migrated.query(`select jsonb_agg(to_jsonb(t))::text as kept from ${name} t`)
    if (rows[0].kept === null) continue
    const kept = pg.escapeLiteral(rows[0].kept)
    refill.push(
      `insert into ${name} overriding system value select * from jsonb_populate_recordset(null::${name}, ${kept})`,
    )
  }
  const deletes = tables.map(({ name }) => `delete from ${name}`)
  const script = [WITHOUT_TRIGGERS, ...deletes, ...refill, SEQUENCES].join(';\n')
  return { script, schema: await schemaOf(migrated) }
}

/**
 * Ends every other session of the database and empties it. False when it must not be used again: a session does not
 * end, a test has left another schema, or it has grown.
 */
export async function emptyDatabase(cleaner: pg.Pool, { script, schema }: Emptying): Promise<boolean> {
  if (!(await endOtherSessions(cleaner)) || (await schemaOf(cleaner)) !== schema) return false
  const { rows } = await cleaner.query(SIZE)
  if (Number(rows[0].bytes) > LARGEST_BYTES) return false
  // Without parameters it is one transaction: either all of it happens or nothing.
  await cleaner.query(script)
  return true
}

/** A closed connection is gone for us before its session is for the server, so there is often one left to wait for. */
async function endOtherSessions(cleaner: pg.Pool): Promise<boolean> {
  for (let waitedMs = 0; waitedMs < SESSION_END_LIMIT_MS; waitedMs += SESSION_END_POLL_MS) {
    const { rowCount } = await cleaner.query(END_SESSIONS)
    if (rowCount === 0) return true
    await sleep(SESSION_END_POLL_MS)
  }
  return false
}

async function schemaOf(client: pg.Client | pg.Pool): Promise<string> {
  const { rows } = await client.query<{ schema: string }>(SCHEMA)
  return rows[0]?.schema ?? ''
}
