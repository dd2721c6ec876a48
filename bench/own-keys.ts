import { randomBytes } from 'node:crypto'
import type { CandidateRun } from './candidates/candidate.ts'
import type { Bench } from './support/bench.ts'
import { startChild } from './support/child.ts'
import { askCounts, resetHeroku, startFakeHeroku } from './support/heroku.ts'
import { type OwnKeyOrder, startOwnKey } from './support/own-key.ts'
import { figure } from './support/report.ts'
import { createSeeded, makeDueNow } from './support/seed.ts'
import { median, shuffled, spread } from './support/statistics.ts'

const WORKER = new URL('./candidates/securekey.ts', import.meta.url)
const IN_FLIGHT = 32

/** Due rotations of add-ons whose data keys a customer's own key has wrapped, all cached, beside those of our own keys. */
export const bench: Bench = async ({ postgres, quick }) => {
  const count = quick ? 1_000 : 5_000
  const rounds = quick ? 2 : 5
  const ownKey = await startOwnKey(randomBytes)
  const heroku = await startFakeHeroku()
  const kinds: Record<string, OwnKeyOrder | undefined> = { 'sealing key': undefined, 'own key': ownKey.order }
  const runs: { kind: string; perSecond: number; cpuMs: number; calls: number }[] = []
  try {
    for (const [kind, order] of Object.entries(kinds)) {
      await createSeeded(postgres, nameOf(kind, 'template'), {
        ...{ all: count, due: count },
        ...(order && { ownKey: order }),
      })
    }
    for (let round = 0; round < rounds; round += 1) {
      for (const [kind, order] of shuffled(Object.entries(kinds))) {
        const url = await postgres.create(nameOf(kind, 'run'), nameOf(kind, 'template'))
        await makeDueNow(url)
        await resetHeroku(heroku, { latencyMs: 0 })
        const child = await startChild(WORKER, {
          ...{ url, herokuUrl: heroku.ready.url, inFlight: IN_FLIGHT, count, stage: 'run' },
          ...(order && { ownKey: order }),
        })
        const callsBefore = ownKey.calls()
        const { done, elapsedMs, cpuMs } = await child.ask<CandidateRun>({ ask: 'run' })
        const calls = ownKey.calls() - callsBefore
        await child.stop()
        const { applied, repeated } = await askCounts(heroku)
        if (applied !== count || repeated > 0) throw new Error(`${kind}: ${applied} of ${count} were rotated`)
        await postgres.drop(nameOf(kind, 'run'))
        runs.push({ kind, perSecond: (done / elapsedMs) * 1_000, cpuMs: cpuMs / done, calls })
      }
    }
  } finally {
    await heroku.stop()
    await ownKey.close()
  }
  const of = (kind: string) => runs.filter((run) => run.kind === kind)
  const rateOf = (kind: string) => median(of(kind).map(({ perSecond }) => perSecond))
  return {
    table: Object.keys(kinds).map((kind) => ({
      'wrapped by': kind,
      'rotations/s': figure(rateOf(kind)),
      spread: spread(of(kind).map(({ perSecond }) => perSecond)),
      'of the rate with a sealing key': (rateOf(kind) / rateOf('sealing key')).toFixed(2),
      'CPU of the worker, ms': figure(median(of(kind).map(({ cpuMs }) => cpuMs))),
      'calls to KMS': figure(median(of(kind).map(({ calls }) => calls))),
    })),
    notes: [
      `${count} rotations, ${rounds} shuffled rounds, ${IN_FLIGHT} calls in flight, Heroku answering at once.`,
      'The data keys of the own key were opened and cached before the start; calls are those during the rotations.',
    ],
    raw: runs,
  }
}

function nameOf(kind: string, suffix: string): string {
  return `${kind.replace(' ', '_')}_${suffix}`
}
