import type { Bench } from './support/bench.ts'
import { createClaimer } from './support/claim-timer.ts'
import { figure, target } from './support/report.ts'
import { createSeeded } from './support/seed.ts'
import { median, shuffled, spread, timesOf } from './support/statistics.ts'

const ROUNDS = 15
const IDLE_SCANS_PER_ROUND = 20
const CLAIMS_PER_ROUND = 4
const DAY_MS = 86_400_000

/** Medians of each round, in ms. */
type Times = { idle: number[]; claim: number[] }

/** What a look with nothing due costs, and a claim of 100, as the number of resources grows. */
export const bench: Bench = async ({ postgres, quick }) => {
  const sizes = quick ? [1_000, 10_000, 50_000] : [10_000, 100_000, 1_000_000]
  const cases: { size: number; claimer: ReturnType<typeof createClaimer>; times: Times }[] = []
  for (const size of sizes) {
    const url = await createSeeded(postgres, `resources_${size}`, { all: size, due: 0 })
    cases.push({ size, claimer: createClaimer(url), times: { idle: [], claim: [] } })
  }
  // Nothing is due before tomorrow; in a week about half of all is.
  const idle = new Date()
  const due = new Date(idle.getTime() + 7 * DAY_MS)

  async function timed(claimer: ReturnType<typeof createClaimer>, at: Date, times: number) {
    claimer.setNow(at)
    const own: number[] = []
    for (let i = 0; i < times; i += 1) own.push(await claimer.time())
    return median(own)
  }

  for (const { claimer } of cases) {
    await timed(claimer, idle, IDLE_SCANS_PER_ROUND)
    await timed(claimer, due, 2 * CLAIMS_PER_ROUND)
  }
  for (let round = 0; round < ROUNDS; round += 1) {
    for (const { claimer, times } of shuffled(cases)) {
      times.idle.push(await timed(claimer, idle, IDLE_SCANS_PER_ROUND))
      times.claim.push(await timed(claimer, due, CLAIMS_PER_ROUND))
    }
  }
  const plans: Record<string, string> = {}
  for (const { size, claimer } of cases) {
    plans[size] = await claimer.explain()
    await claimer.close()
  }
  const [smallest, largest] = [cases[0]?.times, cases.at(-1)?.times]
  if (!smallest || !largest) throw new Error('there are no sizes')
  const names = `${figure(sizes.at(-1) ?? 0)} resources beside ${figure(sizes[0] ?? 0)}`
  return {
    table: cases.map(({ size, times }) => ({
      resources: figure(size),
      'nothing due, ms': figure(median(times.idle)),
      'times the smallest': median(timesOf(times.idle, smallest.idle)).toFixed(2),
      spread: spread(times.idle),
      'claim of 100, ms': figure(median(times.claim)),
      'times the smallest ': median(timesOf(times.claim, smallest.claim)).toFixed(2),
      'spread ': spread(times.claim),
    })),
    targets: [
      target(`claim of 100, ${names}`, timesOf(largest.claim, smallest.claim), {
        floor: 1.5,
        stretch: 1.2,
        atMost: true,
      }),
      target(`nothing due, ${names}`, timesOf(largest.idle, smallest.idle), {
        floor: 1.2,
        stretch: 1,
        atMost: true,
      }),
    ],
    notes: [
      `${ROUNDS} shuffled rounds; of each the median of ${IDLE_SCANS_PER_ROUND} looks and of ${CLAIMS_PER_ROUND} claims. A claim reads all that a worker needs: state, keys, tokens. A look that finds nothing is one statement.`,
      ...Object.entries(plans).map(([size, plan]) => `\n${size} resources:\n${plan}`),
    ],
    raw: { times: cases.map(({ size, times }) => ({ size, ...times })), plans },
  }
}
