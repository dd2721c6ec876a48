import type { Bench } from './support/bench.ts'
import { runContest } from './support/contest.ts'
import { contestTable, eachRotation, timesFasterPeer, timesGraphileCpu } from './support/contest-table.ts'
import { target } from './support/report.ts'

/** Ten thousand due rotations, Heroku answering at once, 32 calls in flight, one worker process each; and what each costs. */
export const bench: Bench = async ({ postgres, quick }) => {
  const options = { count: quick ? 3_000 : 10_000, inFlight: 32, latencyMs: 0, rounds: quick ? 2 : 5 }
  const runs = await runContest(postgres, options)
  const walBytes = eachRotation(runs, 'securekey', (run) => run.walBytes)
  const historyBytes = eachRotation(runs, 'securekey', (run) => run.keptBytes)
  return {
    table: contestTable(runs),
    targets: [
      target('rotations/s, of the faster peer', timesFasterPeer(runs, 'securekey'), {
        floor: 1.9,
        stretch: 2.3,
      }),
      target('WAL per rotation, B', walBytes, { floor: 1_700, stretch: 1_500, atMost: true }),
      target("CPU per rotation, of graphile-worker's", timesGraphileCpu(runs, 'securekey'), {
        floor: 0.5,
        stretch: 0.42,
        atMost: true,
      }),
      target('history per rotation, B', historyBytes, { floor: 500, stretch: 350, atMost: true }),
    ],
    notes: [
      `${options.count} rotations, ${options.rounds} shuffled rounds; costs are medians per rotation. After each run what is stored was compared with what Heroku held.`,
      'Only securekey opens data key, token and former key, keeps the former key, writes log lines and a history.',
      'Write transactions are those that took a transaction id. CPU is user and system time of the worker process and of all Postgres processes. History is counted with its indexes.',
    ],
    raw: runs,
  }
}
