import { sql } from 'kysely'
import { onTestFinished } from 'vitest'
import { type ClaimedResource, claimResources } from '../../../src/store/claimed-resources.ts'
import { openDatabase } from '../../../src/store/database.ts'
import { clientOfClock } from '../../support/clocked-client.ts'
import type { Life } from './customer-app.ts'
import { untilSomeWait } from './locks.ts'

const LOCK = 4242

/**
 * A claim that stands between its snapshot and its locks until it is let go: it has found its rows due, and has not locked
 * them yet. Its connection looks for operators in a schema of its own first, and `<=` waits there.
 */
export async function stalledClaim({ deps: { db }, databaseUrl, clock }: Life) {
  await sql`create schema stalling`.execute(db)
  await sql`
    create function stalling.at_most(a timestamptz, b timestamptz) returns boolean language plpgsql as $$
    begin
      perform pg_advisory_xact_lock_shared(${sql.lit(LOCK)});
      return a operator(pg_catalog.<=) b;
    end $$`.execute(db)
  await sql`
    create operator stalling.<= (leftarg = timestamptz, rightarg = timestamptz, function = stalling.at_most)
  `.execute(db)
  const url = new URL(databaseUrl)
  url.searchParams.set('options', '-c search_path=stalling,pg_catalog,public')
  const stalling = openDatabase({
    url: url.href,
    poolSize: 1,
    onIdleError: () => {},
    Client: clientOfClock(clock.now),
  })
  onTestFinished(() => stalling.destroy())
  const letGo = await holdLock(db)
  const claiming = claimResources(stalling, { leaseMs: 90_000, limit: 100 })
  await untilSomeWait(db)
  return {
    async finish(): Promise<ClaimedResource[]> {
      await letGo()
      return (await claiming).resources
    },
  }
}

async function holdLock(db: Life['deps']['db']): Promise<() => Promise<void>> {
  const locked = Promise.withResolvers<void>()
  const released = Promise.withResolvers<void>()
  onTestFinished(() => released.resolve())
  const holding = db.transaction().execute(async (trx) => {
    await sql`select pg_advisory_xact_lock(${sql.lit(LOCK)})`.execute(trx)
    locked.resolve()
    await released.promise
  })
  await locked.promise
  return async () => {
    released.resolve()
    await holding
  }
}
