import { CompiledQuery, Kysely, PostgresDialect, sql } from 'kysely'
import pg from 'pg'
import { createGroupClaims } from '../../src/flows/rotation/group.ts'
import type { ClaimedResource } from '../../src/store/claimed-resources.ts'
import { claimDueRows } from '../../src/store/claims.ts'
import type { Db } from '../../src/store/database.ts'
import { askAll, runPrepared } from '../../src/store/group-statement.ts'
import { type Schema, TABLES } from '../../src/store/schema.ts'
import { clientOfClock } from '../../test/support/clocked-client.ts'

export const CLAIM_ROWS = 100
const LEASE_MS = 3_600_000

/** One connection that claims as a worker does, and can say how Postgres goes about it. */
export type Claimer = {
  db: Db
  /** What it is for worker and database from now on. */
  setNow: (now: Date) => void
  claim: (limit?: number) => Promise<readonly ClaimedResource[]>
  /** How long a claim of 100 takes, in ms: until all that a worker needs of the rows is read. */
  time: () => Promise<Timed>
  /** The same where nothing is read of the rows but their ids: the queue alone, without keys and tokens. */
  timeAlone: () => Promise<Timed>
  /** `explain (analyze, buffers)` of a look at all that is due, by the plan that this connection has prepared. */
  explain: () => Promise<string>
  close: () => Promise<void>
}

export type Timed = { ms: number; rows: number }

export function createClaimer(url: string): Claimer {
  let now = new Date(0)
  let last: CompiledQuery | undefined
  const pool = new pg.Pool({ Client: clientOfClock(() => now), connectionString: url, max: 1 })
  // Its database is dropped by force when a round is over.
  pool.on('error', () => {})
  const db = new Kysely<Schema>({
    dialect: new PostgresDialect({ pool }),
    log: ({ query }) => {
      last = query
    },
  })
  const claimGroup = createGroupClaims({ db, steadyMs: () => now.getTime() })
  const claim = async (limit = CLAIM_ROWS) => (await claimGroup(limit))?.resources ?? []

  async function claimAlone(): Promise<readonly unknown[]> {
    const request = { leaseMs: LEASE_MS, limit: CLAIM_ROWS }
    const asked = askAll(TABLES.keysets, 'k', ['resource_id'])
    return await runPrepared(
      db,
      'claim-alone',
      asked,
      (list) => sql`${claimDueRows('keysets', request)} select ${list} from claimed k`,
    )
  }

  return {
    db,
    setNow(to) {
      now = to
    },
    claim,
    time: () => timed(claim),
    timeAlone: () => timed(claimAlone),
    async explain() {
      await createGroupClaims({ db, steadyMs: () => now.getTime() })(CLAIM_ROWS)
      const values = (last?.parameters ?? []).map(literal).join()
      return await db.connection().execute(async (connection) => {
        await connection.executeQuery(CompiledQuery.raw('begin'))
        const { rows } = await connection.executeQuery<{ 'QUERY PLAN': string }>(
          CompiledQuery.raw(`explain (analyze, buffers) execute "claim-resources" (${values})`),
        )
        await connection.executeQuery(CompiledQuery.raw('rollback'))
        return rows.map((row) => row['QUERY PLAN']).join('\n')
      })
    },
    close: () => db.destroy(),
  }
}

async function timed(run: () => Promise<readonly unknown[]>): Promise<Timed> {
  const startedAt = performance.now()
  const { length } = await run()
  return { ms: performance.now() - startedAt, rows: length }
}

function literal(value: unknown): string {
  return pg.escapeLiteral(value instanceof Date ? value.toISOString() : String(value))
}
