import { CompiledQuery, Kysely, PostgresDialect } from 'kysely'
import pg from 'pg'
import { createGroupClaims } from '../../src/flows/rotation/group.ts'
import type { ClaimedResource } from '../../src/store/claimed-resources.ts'
import type { Db } from '../../src/store/database.ts'
import { PreparingClient } from '../../src/store/preparing-client.ts'
import type { Schema } from '../../src/store/schema.ts'

export const CLAIM_ROWS = 100

/** One connection that claims as a worker does, and can say how Postgres goes about it. */
export type Claimer = {
  db: Db
  /** What the worker's clock shows from now on. */
  setNow: (now: Date) => void
  claim: (limit?: number) => Promise<readonly ClaimedResource[]>
  /** How long one claim takes, in ms: until all that a worker needs of the rows is read. */
  time: (limit?: number) => Promise<number>
  /** `explain (analyze, buffers)` of a look at all that is due, by the plan that this connection has prepared. */
  explain: () => Promise<string>
  close: () => Promise<void>
}

export function createClaimer(url: string): Claimer {
  let now = new Date(0)
  let last: CompiledQuery | undefined
  const pool = new pg.Pool({ Client: PreparingClient, connectionString: url, max: 1 })
  // Its database is dropped by force when a round is over.
  pool.on('error', () => {})
  const db = new Kysely<Schema>({
    dialect: new PostgresDialect({ pool }),
    log: ({ query }) => {
      last = query
    },
  })
  const claimGroup = createGroupClaims({ db, now: () => now })
  const claim = async (limit = CLAIM_ROWS) => (await claimGroup(limit))?.resources ?? []

  return {
    db,
    setNow(to) {
      now = to
    },
    claim,
    async time(limit) {
      const startedAt = performance.now()
      await claim(limit)
      return performance.now() - startedAt
    },
    async explain() {
      await createGroupClaims({ db, now: () => now })(CLAIM_ROWS)
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

function literal(value: unknown): string {
  return pg.escapeLiteral(value instanceof Date ? value.toISOString() : String(value))
}
