import type { CandidateOrder, CandidateRun } from './candidates/candidate.ts'
import type { Bench } from './support/bench.ts'
import { startChild } from './support/child.ts'
import { resetHeroku, startFakeHeroku } from './support/heroku.ts'
import { figure } from './support/report.ts'
import { createSeeded, makeDueNow } from './support/seed.ts'
import { median, shuffled, spread } from './support/statistics.ts'
import { lostOrDoubled } from './support/verify.ts'

const LATENCIES_MS = [20, 100, 500]
const IN_FLIGHT = 200
/** A fourteenth of a million: what a day without workers leaves behind. */
const DAY_OF_A_MILLION = 71_429

/** How fast a backlog is drained at three latencies of Heroku, scaled down, and what that makes of a day's. */
export const bench: Bench = async ({ postgres, quick }) => {
  const due = quick ? 2_000 : 10_000
  const rounds = quick ? 1 : 5
  await createSeeded(postgres, 'drain_template', { all: due, due })
  const heroku = await startFakeHeroku()
  let wrong = 0
  const rates = new Map(LATENCIES_MS.map((latencyMs) => [latencyMs, [] as number[]]))
  for (let round = 0; round < rounds; round += 1) {
    for (const latencyMs of shuffled(LATENCIES_MS)) {
      const url = await postgres.create('drain_run', 'drain_template')
      await makeDueNow(url)
      await resetHeroku(heroku, { latencyMs })
      const order: CandidateOrder = {
        url,
        herokuUrl: heroku.ready.url,
        inFlight: IN_FLIGHT,
        count: due,
        stage: 'run',
      }
      const child = await startChild(new URL('./candidates/securekey.ts', import.meta.url), order)
      const { done, elapsedMs } = await child.ask<CandidateRun>({ ask: 'run' })
      await child.stop()
      wrong += await lostOrDoubled(url, heroku, { due })
      rates.get(latencyMs)?.push((done / elapsedMs) * 1_000)
    }
  }
  await heroku.stop()
  return {
    table: [...rates].map(([latencyMs, own]) => {
      const ceiling = (IN_FLIGHT / latencyMs) * 1_000
      return {
        'Heroku, ms': latencyMs,
        'ceiling/s': figure(ceiling),
        'rotations/s': figure(median(own)),
        spread: spread(own),
        'of the ceiling': (median(own) / ceiling).toFixed(2),
        'a day of a million, s': figure(DAY_OF_A_MILLION / median(own)),
        'at 20 calls/s, s': figure(DAY_OF_A_MILLION / Math.min(20, median(own))),
      }
    }),
    notes: [
      `${due} due, ${rounds} shuffled rounds, ${IN_FLIGHT} in flight, one worker process. Lost or doubled: ${wrong}. The last two columns are computed.`,
    ],
    raw: Object.fromEntries(rates),
  }
}
