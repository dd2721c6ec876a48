import { claimResources } from '../../src/store/claimed-resources.ts'
import { openDatabase } from '../../src/store/database.ts'
import { clientOfClock } from '../../test/support/clocked-client.ts'
import { serveParent } from '../support/child.ts'

export type ClaimerOrder = { url: string; limit: number; now: string }
export type ClaimerRun = { rows: number; claims: number; elapsedMs: number }

const LEASE_MS = 3_600_000

/** A worker process reduced to its claims: claims groups, and reads all of them, until it has so many rows. */
await serveParent<ClaimerOrder, { ask: 'claim'; rows: number }>(async ({ url, limit, now }) => {
  let at = new Date(0)
  const db = openDatabase({ url, poolSize: 1, onIdleError: () => {}, Client: clientOfClock(() => at) })
  // As in a worker, each claim's lease ends at a moment of its own.
  const leaseMs = () => LEASE_MS + performance.now()
  await claimResources(db, { leaseMs: leaseMs(), limit })
  at = new Date(now)
  return {
    async answer({ rows: wanted }): Promise<ClaimerRun> {
      const startedAt = performance.now()
      let rows = 0
      let claims = 0
      while (rows < wanted) {
        const { resources } = await claimResources(db, { leaseMs: leaseMs(), limit })
        if (resources.length === 0) break
        rows += resources.length
        claims += 1
      }
      return { rows, claims, elapsedMs: performance.now() - startedAt }
    },
    close: () => db.destroy(),
  }
})
