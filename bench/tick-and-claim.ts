import type { Bench } from './support/bench.ts'
import { CLAIM_ROWS, type Claimer, createClaimer, type Timed } from './support/claim-timer.ts'
import { figure, target } from './support/report.ts'
import { createSeeded } from './support/seed.ts'
import { median, shuffled, spread, timesOf } from './support/statistics.ts'

const ROUNDS = 15
const IDLE_SCANS_PER_ROUND = 20
const CLAIMS_PER_ROUND = 2
/** So often a statement is run before it is timed: a connection has settled on a plan after five times. */
const WARM_UP = 6
const DAY_MS = 86_400_000

/** Medians of each round, in ms. `alone`: a claim that reads nothing of its rows. */
type Times = { idle: number[]; claim: number[]; alone: number[] }

/** What a look with nothing due costs, and a claim of 100, as the number of resources grows. */
export const bench: Bench = async ({ postgres, quick }) => {
  const sizes = quick ? [10_000, 50_000] : [10_000, 100_000, 1_000_000]
  const cases: { size: number; claimer: Claimer; times: Times }[] = []
  for (const size of sizes) {
    const url = await createSeeded(postgres, `resources_${size}`, { all: size, due: 0 })
    cases.push({ size, claimer: createClaimer(url), times: { idle: [], claim: [], alone: [] } })
  }
  // Nothing is due before tomorrow. In two weeks all are, more than are claimed here.
  const idle = new Date()
  const due = new Date(idle.getTime() + 15 * DAY_MS)

  async function look(claimer: Claimer, times: number): Promise<number> {
    claimer.setNow(idle)
    return await medianOf(claimer.time, times, 0)
  }
  async function claim(claimer: Claimer, time: () => Promise<Timed>, times: number): Promise<number> {
    claimer.setNow(due)
    return await medianOf(time, times, CLAIM_ROWS)
  }

  for (const { claimer } of cases) {
    await look(claimer, IDLE_SCANS_PER_ROUND)
    await claim(claimer, claimer.time, WARM_UP)
    await claim(claimer, claimer.timeAlone, WARM_UP)
  }
  for (let round = 0; round < ROUNDS; round += 1) {
    for (const { claimer, times } of shuffled(cases)) {
      times.idle.push(await look(claimer, IDLE_SCANS_PER_ROUND))
      times.claim.push(await claim(claimer, claimer.time, CLAIMS_PER_ROUND))
      times.alone.push(await claim(claimer, claimer.timeAlone, CLAIMS_PER_ROUND))
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
  const beside = (of: keyof Times) => timesOf(largest[of], smallest[of])
  return {
    table: cases.map(({ size, times }) => ({
      resources: figure(size),
      'nothing due, ms': figure(median(times.idle)),
      'times the smallest': median(timesOf(times.idle, smallest.idle)).toFixed(2),
      spread: spread(times.idle),
      'claim of 100, ms': figure(median(times.claim)),
      'times the smallest ': median(timesOf(times.claim, smallest.claim)).toFixed(2),
      'spread ': spread(times.claim),
      'without keys and tokens, ms': figure(median(times.alone)),
      'times the smallest  ': median(timesOf(times.alone, smallest.alone)).toFixed(2),
      'spread  ': spread(times.alone),
    })),
    targets: [
      target(`claim of 100, ${names}`, beside('claim'), { floor: 1.5, stretch: 1.2, atMost: true }),
      target('the same without keys and tokens', beside('alone'), {
        floor: 1.5,
        stretch: 1.2,
        atMost: true,
      }),
      target(`nothing due, ${names}`, beside('idle'), { floor: 1.2, stretch: 1, atMost: true }),
    ],
    notes: [
      `${ROUNDS} shuffled rounds; of each the median of ${IDLE_SCANS_PER_ROUND} looks and of ${CLAIMS_PER_ROUND} claims. A claim reads all that a worker needs: state, keys, tokens. A look that finds nothing is one statement.`,
      ...Object.entries(plans).map(([size, plan]) => `\n${size} resources:\n${plan}`),
    ],
    raw: { times: cases.map(({ size, times }) => ({ size, ...times })), plans },
  }
}

async function medianOf(time: () => Promise<Timed>, times: number, rows: number): Promise<number> {
  const own: number[] = []
  for (let i = 0; i < times; i += 1) {
    const timed = await time()
    if (timed.rows !== rows) throw new Error(`${timed.rows} rows were claimed, not ${rows}`)
    own.push(timed.ms)
  }
  return median(own)
}
