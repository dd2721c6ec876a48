import type { Bench } from './support/bench.ts'
import { runContest } from './support/contest.ts'
import { contestTable } from './support/contest-table.ts'

/** Ten thousand due rotations, Heroku answering at once, 32 calls in flight, one worker process each; and what each costs. */
export const bench: Bench = async ({ postgres, quick }) => {
  const options = { count: quick ? 3_000 : 10_000, inFlight: 32, latencyMs: 0, rounds: quick ? 2 : 5 }
  const runs = await runContest(postgres, options)
  return {
    table: contestTable(runs),
    notes: [
      `${options.count} rotations, ${options.rounds} shuffled rounds; costs are medians per rotation.`,
      'Only securekey opens data key, token and former key, keeps the former key, writes log lines and an audit trail.',
      'Write transactions are those that took a transaction id. CPU is user and system time of the worker process and of all Postgres processes.',
    ],
    raw: runs,
  }
}
