import { serviceNow } from '../store/database.ts'
import type { Deps } from './deps.ts'

/** A process whose clock is farther off than this claims nothing and provisions nothing. */
export const LARGEST_CLOCK_OFFSET_MS = 5_000

/** Milliseconds by which this process's clock is ahead of the database's; negative: behind it. */
export type ClockOffset = () => Promise<number>

/** From here on what was measured is measured again. In between no jump goes unnoticed: see below. */
const MEASURED_EVERY_MS = 30_000

/**
 * Compares this process's clock with the database's. Between two measurements its own clock is watched against one that
 * never jumps, so a clock that is set is noticed at once, and a look costs no statement.
 */
export function createClockOffset(deps: Pick<Deps, 'db' | 'now'>, steadyMs: () => number): ClockOffset {
  let measured: { offsetMs: number; aheadOfSteadyMs: number; atMs: number } | undefined

  return async () => {
    const ageMs = measured ? steadyMs() - measured.atMs : Number.POSITIVE_INFINITY
    if (!measured || ageMs < 0 || ageMs >= MEASURED_EVERY_MS) {
      const offsetMs = await measureOffset(deps)
      const aheadOfSteadyMs = deps.now().getTime() - steadyMs()
      measured = { offsetMs, aheadOfSteadyMs, atMs: steadyMs() }
    }
    const jumpedMs = deps.now().getTime() - steadyMs() - measured.aheadOfSteadyMs
    return Math.round(measured.offsetMs + jumpedMs)
  }
}

/**
 * What can be proven of the offset: while the database was asked its clock stood somewhere between our two readings, or
 * ours is off. The round trip proves nothing, however long it is, nor does waiting for a connection, which comes first.
 */
async function measureOffset({ db, now }: Pick<Deps, 'db' | 'now'>): Promise<number> {
  return await db.connection().execute(async (connection) => {
    const beforeMs = now().getTime()
    const thereMs = (await serviceNow(connection)).getTime()
    const afterMs = now().getTime()
    if (thereMs < beforeMs) return beforeMs - thereMs
    return thereMs > afterMs ? afterMs - thereMs : 0
  })
}
