import type { Bench } from './support/bench.ts'
import { CANDIDATES, type ContestRun, runContest } from './support/contest.ts'
import { figure, type Row } from './support/report.ts'
import { median, spread } from './support/statistics.ts'

/** What a rotation costs: write transactions, WAL, CPU of the worker and of Postgres. */
export const bench: Bench = async ({ postgres, quick }) => {
  const options = { count: quick ? 3_000 : 10_000, inFlight: 32, latencyMs: 0, rounds: quick ? 2 : 5 }
  const runs = await runContest(postgres, options)
  return {
    table: CANDIDATES.map((name) =>
      costs(
        name,
        runs.filter((run) => run.candidate === name),
      ),
    ),
    notes: [
      `${options.count} rotations, ${options.rounds} shuffled rounds, Heroku at 0 ms, 32 in flight; medians per rotation.`,
      'Write transactions are those that took a transaction id. CPU is user and system time of the worker process and of all Postgres processes.',
    ],
    raw: runs,
  }
}

function costs(who: string, runs: readonly ContestRun[]): Row {
  const each = (cost: (run: ContestRun) => number) => runs.map((run) => cost(run) / run.done)
  const cpu = each((run) => (run.cpuMs + run.cpuMsOfPostgres) * 1_000)
  return {
    who,
    'write transactions': figure(median(each((run) => run.writeTransactions))),
    'WAL bytes': figure(median(each((run) => run.walBytes))),
    'of them page images': figure(median(each((run) => run.pageImageBytes))),
    'worker CPU µs': figure(median(each((run) => run.cpuMs * 1_000))),
    'Postgres CPU µs': figure(median(each((run) => run.cpuMsOfPostgres * 1_000))),
    'CPU µs': figure(median(cpu)),
    spread: spread(cpu),
  }
}
