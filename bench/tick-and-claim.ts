import type { Bench } from './support/bench.ts'
import { createMigrated, withClient } from './support/bench-postgres.ts'
import { type Claimer, createClaimer } from './support/claim-timer.ts'
import { figure } from './support/report.ts'
import { seedSchedule } from './support/seed.ts'
import { median, shuffled, spread } from './support/statistics.ts'

const ROUNDS = 15
const IDLE_SCANS_PER_ROUND = 20
const CLAIMS_PER_ROUND = 2
const DAY_MS = 86_400_000

/** What a look at the schedule with nothing due costs, and a claim of 100, as the number of resources grows. */
export const bench: Bench = async ({ postgres, quick }) => {
  const sizes = quick ? [1_000, 10_000, 50_000] : [10_000, 100_000, 1_000_000]
  const claimers = new Map<number, Claimer>()
  for (const size of sizes) {
    const url = await createMigrated(postgres, `resources_${size}`)
    await seedSchedule(url, { from: 1, count: size })
    await withClient(url, (client) => client.query('vacuum (analyze)'))
    claimers.set(size, createClaimer(url))
  }
  // Nothing is due before tomorrow; in a week about half of all is.
  const idle = new Date()
  const due = new Date(idle.getTime() + 7 * DAY_MS)
  const times = new Map(sizes.map((size) => [size, { idle: [] as number[], claim: [] as number[] }]))
  for (const claimer of claimers.values()) {
    claimer.setNow(idle)
    for (let i = 0; i < IDLE_SCANS_PER_ROUND; i += 1) await claimer.claim()
    claimer.setNow(due)
    await claimer.claim()
  }
  for (let round = 0; round < ROUNDS; round += 1) {
    for (const [size, claimer] of shuffled([...claimers])) {
      const own = times.get(size)
      claimer.setNow(idle)
      for (let i = 0; i < IDLE_SCANS_PER_ROUND; i += 1) own?.idle.push(await claimer.time())
      claimer.setNow(due)
      for (let i = 0; i < CLAIMS_PER_ROUND; i += 1) own?.claim.push(await claimer.time())
    }
  }
  const plans: Record<string, string> = {}
  for (const [size, claimer] of claimers) {
    plans[size] = await claimer.explain()
    await claimer.close()
  }
  const base = times.get(sizes[0] ?? 0) ?? { idle: [], claim: [] }
  return {
    table: [...times].map(([size, own]) => ({
      resources: figure(size),
      'nothing due, ms': figure(median(own.idle)),
      'times the smallest': (median(own.idle) / median(base.idle)).toFixed(2),
      'claim of 100, ms': figure(median(own.claim)),
      'times the smallest ': (median(own.claim) / median(base.claim)).toFixed(2),
      spread: spread(own.claim),
    })),
    notes: [
      `${ROUNDS} shuffled rounds of ${IDLE_SCANS_PER_ROUND} looks and ${CLAIMS_PER_ROUND} claims. A look that finds nothing is one statement over one connection.`,
      ...Object.entries(plans).map(([size, plan]) => `\n${size} resources:\n${plan}`),
    ],
    raw: { times: Object.fromEntries(times), plans },
  }
}
