import type { CandidateOrder, CandidateRun } from '../candidates/candidate.ts'
import type { BenchPostgres } from './bench-postgres.ts'
import { type Child, startChild } from './child.ts'
import { askCounts, type FakeHeroku, resetHeroku, startFakeHeroku } from './heroku.ts'
import { meterPostgres, type PostgresWork } from './meter.ts'
import { createSeeded } from './seed.ts'
import { shuffled } from './statistics.ts'

export const CANDIDATES = ['securekey', 'graphile-worker', 'pg-boss'] as const
export type Candidate = (typeof CANDIDATES)[number]

/** One run of one candidate. */
export type ContestRun = CandidateRun & PostgresWork & { candidate: Candidate; perSecond: number }

export type ContestOptions = { count: number; inFlight: number; latencyMs: number; rounds: number }

/** Lets every candidate do the same rotations, each round in another order and each run on a fresh copy of its database. */
export async function runContest(postgres: BenchPostgres, options: ContestOptions): Promise<ContestRun[]> {
  const { count, inFlight, latencyMs, rounds } = options
  const heroku = await startFakeHeroku()
  const order = { herokuUrl: heroku.ready.url, inFlight, count }
  try {
    for (const candidate of CANDIDATES) {
      const template = nameOf(candidate, 'template')
      const url =
        candidate === 'securekey'
          ? await createSeeded(postgres, template, { all: count, due: count })
          : await postgres.create(template)
      await (await startCandidate(candidate, { ...order, url, stage: 'prepare' })).stop()
    }
    const runs: ContestRun[] = []
    for (let round = 0; round < rounds; round += 1) {
      for (const candidate of shuffled(CANDIDATES)) {
        const url = await postgres.create(nameOf(candidate, 'run'), nameOf(candidate, 'template'))
        await resetHeroku(heroku, { latencyMs })
        const child = await startCandidate(candidate, { ...order, url, stage: 'run' })
        const endMeter = await meterPostgres(postgres)
        const run = await child.ask<CandidateRun>({ ask: 'run' })
        const work = await endMeter()
        await child.stop()
        await checkServed(heroku, candidate, count)
        await postgres.drop(nameOf(candidate, 'run'))
        const perSecond = (run.done / run.elapsedMs) * 1_000
        process.stderr.write(`round ${round + 1} ${candidate}: ${perSecond.toFixed(0)}/s\n`)
        runs.push({ candidate, ...run, ...work, perSecond })
      }
    }
    return runs
  } finally {
    await heroku.stop()
  }
}

function nameOf(candidate: Candidate, suffix: string): string {
  return `${candidate.replace('-', '_')}_${suffix}`
}

async function startCandidate(candidate: Candidate, order: CandidateOrder): Promise<Child<undefined>> {
  return await startChild(new URL(`../candidates/${candidate}.ts`, import.meta.url), order)
}

/** A run counts only if Heroku got every rotation once. */
async function checkServed(heroku: FakeHeroku, candidate: Candidate, count: number): Promise<void> {
  const counts = await askCounts(heroku)
  if (counts.applied !== count || counts.repeated > 0 || counts.unauthorized > 0) {
    throw new Error(`${candidate} did not rotate each resource once: ${JSON.stringify(counts)}`)
  }
}
