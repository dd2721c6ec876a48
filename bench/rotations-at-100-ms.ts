import type { Bench } from './support/bench.ts'
import { runContest } from './support/contest.ts'
import { contestTable, ratesOf, timesFasterPeer } from './support/contest-table.ts'
import { target } from './support/report.ts'

/** Ten thousand due rotations, Heroku answering after 100 ms, 200 calls in flight: 2,000 a second would be all there is. */
export const bench: Bench = async ({ postgres, quick }) => {
  const options = { count: quick ? 3_000 : 10_000, inFlight: 200, latencyMs: 100, rounds: quick ? 2 : 5 }
  const ceilingPerSecond = (options.inFlight / options.latencyMs) * 1_000
  const runs = await runContest(postgres, options)
  const ofCeiling = ratesOf(runs, 'securekey').map((rate) => rate / ceilingPerSecond)
  return {
    table: contestTable(runs, ceilingPerSecond),
    targets: [
      target('rotations/s, of the ceiling', ofCeiling, { floor: 0.9, stretch: 0.92 }),
      target('rotations/s, of the faster peer', timesFasterPeer(runs, 'securekey'), { floor: 1, stretch: 1 }),
    ],
    notes: [
      `${options.count} rotations, ${options.rounds} shuffled rounds; the ceiling is ${ceilingPerSecond}/s. After each run what is stored was compared with what Heroku held.`,
      'The first claim, with nothing in flight yet, and the last promotions are in the time.',
    ],
    raw: runs,
  }
}
