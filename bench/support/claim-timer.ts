import { CompiledQuery, Kysely, PostgresDialect } from 'kysely'
import pg from 'pg'
import { createGroupClaims } from '../../src/flows/group.ts'
import type { Db } from '../../src/store/database.ts'
import { type Claim, claimDue } from '../../src/store/schedule.ts'
import type { Schema } from '../../src/store/schema.ts'

export const CLAIM_ROWS = 100
const LEASE_MS = 3_600_000

/** One connection that claims as a worker does, and can say what the claim's statement was. */
export type Claimer = {
  db: Db
  /** What the worker's clock shows from now on. */
  setNow: (now: Date) => void
  claim: (limit?: number) => Promise<readonly Claim[]>
  /** How long one claim takes, in ms. */
  time: (limit?: number) => Promise<number>
  /** `explain (analyze, buffers)` of a look at all that is due; what it claims is given back. */
  explain: () => Promise<string>
  close: () => Promise<void>
}

export function createClaimer(url: string): Claimer {
  let now = new Date(0)
  let last: CompiledQuery | undefined
  const pool = new pg.Pool({ connectionString: url, max: 1 })
  // Its database is dropped by force when a round is over.
  pool.on('error', () => {})
  const db = new Kysely<Schema>({
    dialect: new PostgresDialect({ pool }),
    log: ({ query }) => {
      last = query
    },
  })
  const claimGroup = createGroupClaims({ db, now: () => now })
  const claim = async (limit = CLAIM_ROWS) => (await claimGroup(limit))?.claims ?? []

  /** Runs a claim, for its text or its plan, and takes it back. */
  async function rolledBack<T>(run: (db: Db) => Promise<T>): Promise<T> {
    return await db.connection().execute(async (connection) => {
      await connection.executeQuery(CompiledQuery.raw('begin'))
      try {
        return await run(connection)
      } finally {
        await connection.executeQuery(CompiledQuery.raw('rollback'))
      }
    })
  }

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
      const leaseUntil = new Date(now.getTime() + LEASE_MS)
      const query = await rolledBack(async (connection) => {
        await claimDue(connection, { now, leaseUntil, limit: CLAIM_ROWS })
        return last
      })
      if (!query) throw new Error('the claim made no statement')
      return await rolledBack(async (connection) => {
        const { rows } = await connection.executeQuery<{ 'QUERY PLAN': string }>(
          CompiledQuery.raw(`explain (analyze, buffers) ${query.sql}`, [...query.parameters]),
        )
        return rows.map((row) => row['QUERY PLAN']).join('\n')
      })
    },
    close: () => db.destroy(),
  }
}
