import { CANDIDATES, type Candidate, type ContestRun } from './contest.ts'
import { figure, type Row } from './report.ts'
import { median, spread, timesOf } from './statistics.ts'

/** A line per candidate: median rate, how many times the faster peer's it is, its share of a ceiling, and its costs. */
export function contestTable(runs: readonly ContestRun[], ceilingPerSecond?: number): Row[] {
  return CANDIDATES.map((name) => {
    const rates = ratesOf(runs, name)
    const times = timesFasterPeer(runs, name)
    return {
      who: name,
      'rotations/s': figure(median(rates)),
      spread: spread(rates),
      'times the faster peer': median(times).toFixed(2),
      'spread ': spread(times),
      ...(ceilingPerSecond === undefined
        ? {}
        : { 'of the ceiling': (median(rates) / ceilingPerSecond).toFixed(3) }),
      ...costsOf(runs, name),
    }
  })
}

export function ratesOf(runs: readonly ContestRun[], name: Candidate): number[] {
  return runsOf(runs, name).map((run) => run.perSecond)
}

/** Round by round, beside the peer that is faster in most of them. */
export function timesFasterPeer(runs: readonly ContestRun[], name: Candidate): number[] {
  const peers = CANDIDATES.filter((candidate) => candidate !== 'securekey').map((peer) => ratesOf(runs, peer))
  const fastest = Math.max(...peers.map(median))
  return timesOf(ratesOf(runs, name), peers.find((rates) => median(rates) === fastest) ?? [])
}

/** CPU of a worker and of its Postgres, round by round, beside graphile-worker's. */
export function timesGraphileCpu(runs: readonly ContestRun[], name: Candidate): number[] {
  return timesOf(eachRotation(runs, name, allCpuMicros), eachRotation(runs, 'graphile-worker', allCpuMicros))
}

/** A cost per rotation, round by round. */
export function eachRotation(
  runs: readonly ContestRun[],
  name: Candidate,
  cost: (run: ContestRun) => number,
): number[] {
  return runsOf(runs, name).map((run) => cost(run) / run.done)
}

const allCpuMicros = (run: ContestRun) => (run.cpuMs + run.cpuMsOfPostgres) * 1_000

/** The runs of a candidate in the order of the rounds. */
function runsOf(runs: readonly ContestRun[], name: Candidate): ContestRun[] {
  return runs.filter((run) => run.candidate === name).sort((a, b) => a.round - b.round)
}

/** Medians per rotation. */
function costsOf(runs: readonly ContestRun[], name: Candidate): Row {
  const each = (cost: (run: ContestRun) => number) => figure(median(eachRotation(runs, name, cost)))
  return {
    'write transactions': each((run) => run.writeTransactions),
    'WAL bytes': each((run) => run.walBytes),
    'worker CPU µs': each((run) => run.cpuMs * 1_000),
    'Postgres CPU µs': each((run) => run.cpuMsOfPostgres * 1_000),
    'CPU µs': each(allCpuMicros),
    "CPU, of graphile-worker's": median(timesGraphileCpu(runs, name)).toFixed(2),
    'history bytes': each((run) => run.keptBytes),
  }
}
