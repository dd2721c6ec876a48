import { CANDIDATES, type ContestRun } from './contest.ts'
import { figure, type Row } from './report.ts'
import { median, spread } from './statistics.ts'

/** A line per candidate: median rate, its spread, how many times the faster peer's it is, and its share of a ceiling. */
export function contestTable(runs: readonly ContestRun[], ceilingPerSecond?: number): Row[] {
  const rates = new Map(
    CANDIDATES.map((name) => [name, runs.filter((r) => r.candidate === name).map((r) => r.perSecond)]),
  )
  const peers = CANDIDATES.filter((name) => name !== 'securekey')
  const fasterPeer = Math.max(...peers.map((name) => median(rates.get(name) ?? [])))
  return CANDIDATES.map((name) => {
    const all = rates.get(name) ?? []
    const rate = median(all)
    return {
      who: name,
      'rotations/s': figure(rate),
      spread: spread(all),
      'times the faster peer': (rate / fasterPeer).toFixed(2),
      ...(ceilingPerSecond === undefined ? {} : { 'of the ceiling': (rate / ceilingPerSecond).toFixed(3) }),
    }
  })
}
