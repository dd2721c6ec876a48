import { CompiledQuery, Kysely, PostgresDialect } from 'kysely'
import pg from 'pg'
import type { Db } from '../../src/store/database.ts'
import { type Claim, claimDue } from '../../src/store/schedule.ts'
import type { Schema } from '../../src/store/schema.ts'

export const CLAIM_ROWS = 100
const LEASE_MS = 3_600_000

/** A connection that claims, and can say what the claim's statement was. */
export type Claimer = {
  db: Db
  claim: (now: Date, limit?: number) => Promise<Claim[]>
  /** How long one claim takes, in ms. */
  time: (now: Date, limit?: number) => Promise<number>
  /** `explain (analyze, buffers)` of a claim; what it claims is rolled back. */
  explain: (now: Date) => Promise<string>
  close: () => Promise<void>
}

export function createClaimer(url: string): Claimer {
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
  const claim = (now: Date, limit = CLAIM_ROWS) =>
    claimDue(db, { now, leaseUntil: new Date(now.getTime() + LEASE_MS), limit })
  return {
    db,
    claim,
    async time(now, limit) {
      const startedAt = performance.now()
      await claim(now, limit)
      return performance.now() - startedAt
    },
    async explain(now) {
      await db.connection().execute(async (connection) => {
        await connection.executeQuery(CompiledQuery.raw('begin'))
        await claimDue(connection, { now, leaseUntil: new Date(now.getTime() + LEASE_MS), limit: CLAIM_ROWS })
      })
      const query = last
      if (!query) throw new Error('the claim made no statement')
      await db.executeQuery(CompiledQuery.raw('rollback'))
      return await db.transaction().execute(async (trx) => {
        const text = `explain (analyze, buffers) ${query.sql}`
        const { rows } = await trx.executeQuery<{ 'QUERY PLAN': string }>(
          CompiledQuery.raw(text, [...query.parameters]),
        )
        await trx.executeQuery(CompiledQuery.raw('rollback'))
        return rows.map((row) => row['QUERY PLAN']).join('\n')
      })
    },
    close: () => db.destroy(),
  }
}
