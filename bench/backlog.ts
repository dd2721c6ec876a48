import type { CandidateOrder, CandidateRun } from './candidates/candidate.ts'
import type { Bench } from './support/bench.ts'
import { startChild } from './support/child.ts'
import type { Behaviour } from './support/fake-heroku.ts'
import { askCounts, resetHeroku, startFakeHeroku } from './support/heroku.ts'
import { figure, target } from './support/report.ts'
import { createSeeded } from './support/seed.ts'
import { median, shuffled, spread } from './support/statistics.ts'
import { lostOrDoubled } from './support/verify.ts'

const IN_FLIGHT = 200
const LATENCY_MS = 100
/** The last retry of a backlog with faults takes its time, so there is one round with them. */
const CASES: Record<string, { rounds: number; behaviour: Partial<Behaviour> }> = {
  'no faults': { rounds: 5, behaviour: {} },
  '5 % faults (500, 429, reset)': {
    rounds: 1,
    behaviour: { faultShare: 0.05, faults: ['500', '429', 'cut', 'lost'] },
  },
}

/** A day's backlog of a million resources on a fortnight, drained by one worker process. */
export const bench: Bench = async ({ postgres, quick }) => {
  const resources = quick ? { all: 50_000, due: 5_000 } : { all: 1_000_000, due: 71_429 }
  // Two calls each: what is so late is read before it is pushed.
  const ceilingPerSecond = (IN_FLIGHT / (2 * LATENCY_MS)) * 1_000
  await createSeeded(postgres, 'backlog_template', resources)
  const heroku = await startFakeHeroku()
  const runs: (Awaited<ReturnType<typeof drain>> & { name: string })[] = []

  async function drain(behaviour: Partial<Behaviour>) {
    const url = await postgres.create('backlog_run', 'backlog_template')
    await resetHeroku(heroku, { latencyMs: LATENCY_MS, ...behaviour })
    const order: CandidateOrder = {
      url,
      herokuUrl: heroku.ready.url,
      inFlight: IN_FLIGHT,
      count: resources.due,
      stage: 'run',
    }
    const child = await startChild(new URL('./candidates/securekey.ts', import.meta.url), order)
    const run = await child.ask<CandidateRun>({ ask: 'run' })
    await child.stop()
    const counts = await askCounts(heroku)
    const wrong = await lostOrDoubled(url, heroku, { due: resources.due })
    // Until nine in ten have their new keys: what comes after is those that failed and wait for their retry.
    const index = Math.floor((resources.due * 0.9) / 1_000) - 1
    const mostMs = (counts.thousandthsAtMs[index] ?? Number.NaN) - counts.firstAtMs
    const mostPerSecond = ((index + 1) * 1_000_000) / mostMs
    return { ...run, counts, wrong, mostPerSecond, perSecond: (run.done / run.elapsedMs) * 1_000 }
  }

  try {
    const order = Object.entries(CASES).flatMap(([name, { rounds, behaviour }]) =>
      Array.from({ length: quick ? 1 : rounds }, () => ({ name, behaviour })),
    )
    for (const { name, behaviour } of shuffled(order)) {
      const run = await drain(behaviour)
      runs.push({ name, ...run })
      process.stderr.write(`${name}: ${run.perSecond.toFixed(0)}/s\n`)
    }
  } finally {
    await heroku.stop()
  }
  const ofCeiling = runs
    .filter(({ name }) => name === 'no faults')
    .map(({ perSecond }) => perSecond / ceilingPerSecond)
  const wrong = runs.reduce((sum, run) => sum + run.wrong, 0)
  return {
    table: Object.keys(CASES).map((name) => {
      const own = runs.filter((run) => run.name === name)
      const rates = own.map((run) => run.perSecond)
      const most = own.map((run) => run.mostPerSecond)
      return {
        backlog: name,
        seconds: figure(median(own.map((run) => run.elapsedMs / 1_000))),
        'rotations/s': figure(median(rates)),
        runs: own.length,
        spread: spread(rates),
        'of the ceiling': (median(rates) / ceilingPerSecond).toFixed(3),
        'first nine tenths, of the ceiling': (median(most) / ceilingPerSecond).toFixed(3),
        faults: figure(median(own.map((run) => run.counts.faults))),
        'lost or doubled': own.reduce((sum, run) => sum + run.wrong, 0),
      }
    }),
    targets: [
      target("a day's backlog, of the ceiling", ofCeiling, { floor: 0.85, stretch: 0.9 }),
      target('lost or doubled, with faults too', [wrong], { floor: 0, stretch: 0, atMost: true }),
    ],
    notes: [
      `${resources.due} due of ${resources.all} resources, ${LATENCY_MS} ms, ${IN_FLIGHT} in flight: ceiling ${ceilingPerSecond}/s.`,
      'With faults the whole time ends with the last retry, 15 s to minutes after its failure by design; Retry-After is 1 s.',
    ],
    raw: runs,
  }
}
