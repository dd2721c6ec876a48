import { CANDIDATES, type ContestRun } from './contest.ts'
import { figure, type Row } from './report.ts'
import { median, spread } from './statistics.ts'

/** A line per candidate: median rate, its spread, how many times the faster peer's it is, and its share of a ceiling. */
export function contestTable(runs: readonly ContestRun[], ceilingPerSecond?: number): Row[] {
  const peers = CANDIDATES.filter((name) => name !== 'securekey')
  const fasterPeer = Math.max(...peers.map((name) => median(ratesOf(runs, name))))
  return CANDIDATES.map((name) => {
    const all = ratesOf(runs, name)
    const rate = median(all)
    return {
      who: name,
      'rotations/s': figure(rate),
      spread: spread(all),
      'times the faster peer': (rate / fasterPeer).toFixed(2),
      ...(ceilingPerSecond === undefined ? {} : { 'of the ceiling': (rate / ceilingPerSecond).toFixed(3) }),
      ...costsOf(runs.filter((run) => run.candidate === name)),
    }
  })
}

function ratesOf(runs: readonly ContestRun[], name: string): number[] {
  return runs.filter((run) => run.candidate === name).map((run) => run.perSecond)
}

/** Medians per rotation. */
function costsOf(runs: readonly ContestRun[]): Row {
  const each = (cost: (run: ContestRun) => number) => figure(median(runs.map((run) => cost(run) / run.done)))
  return {
    'write transactions': each((run) => run.writeTransactions),
    'WAL bytes': each((run) => run.walBytes),
    'worker CPU µs': each((run) => run.cpuMs * 1_000),
    'Postgres CPU µs': each((run) => run.cpuMsOfPostgres * 1_000),
    'CPU µs': each((run) => (run.cpuMs + run.cpuMsOfPostgres) * 1_000),
  }
}
