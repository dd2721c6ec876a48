import pg from 'pg'
import { until } from '../until.ts'

/** Lets time pass for what is looked at in minutes, so that nobody waits for them here. */
export type Time = {
  /**
   * Puts every date of the watched tables so much earlier, a minute or more at a time, and after each step waits until the
   * worker has looked: so it sees what it would have seen. Everything else in the service keeps its dates.
   */
  pass: (ms: number, signal: AbortSignal) => Promise<void>
  close: () => Promise<void>
}

/** Dates in them say when somebody looks again, and until when nothing happens. */
const WATCHED = ['own_keys', 'private_links']
/** Shorter than the gap after which a key counts as unwatched. */
const LONGEST_STEP_MS = 100_000
const LOOK_LIMIT_MS = 15_000
const CONNECT_TIMEOUT_MS = 5_000

export async function letTimePass(databaseUrl: string): Promise<Time> {
  const client = new pg.Client({ connectionString: databaseUrl, connectionTimeoutMillis: CONNECT_TIMEOUT_MS })
  client.on('error', () => {})
  await client.connect()
  const { rows } = await client.query<{ table: string; columns: string[] }>(
    `select table_name as table, array_agg(column_name::text) as columns
       from information_schema.columns
      where table_schema = 'public' and table_name = any ($1) and data_type = 'timestamp with time zone'
      group by table_name`,
    [WATCHED],
  )

  async function putOn(ms: number): Promise<void> {
    for (const { table, columns } of rows) {
      const earlier = columns.map((column) => `${column} = ${column} - make_interval(secs => $1)`)
      // A look under way writes dates of its own: it is waited for.
      await client.query(`update ${table} set ${earlier.join(', ')} where claimed_until is null`, [
        ms / 1_000,
      ])
    }
  }

  async function isLooking(): Promise<boolean> {
    for (const { table } of rows) {
      const { rowCount } = await client.query(
        `select from ${table} where claimed_until is not null or wake_at <= clock_timestamp() limit 1`,
      )
      if (rowCount !== 0) return true
    }
    return false
  }

  return {
    async pass(ms, signal) {
      const looked = async () => !(await isLooking())
      // All of one length: after each of them a look is due, also where what is waited for is a minute apart.
      const steps = Math.ceil(ms / LONGEST_STEP_MS)
      for (let step = 0; step < steps; step += 1) {
        await putOn(ms / steps)
        await until('A look of the worker', looked, { limitMs: LOOK_LIMIT_MS, signal })
      }
    },
    close: () => client.end(),
  }
}
