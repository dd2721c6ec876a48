import type { CandidateOrder, CandidateRun } from '../candidates/candidate.ts'
import { type BenchPostgres, withClient } from './bench-postgres.ts'
import { type Child, startChild } from './child.ts'
import { askCounts, type FakeHeroku, resetHeroku, startFakeHeroku } from './heroku.ts'
import { meterPostgres, type PostgresWork } from './meter.ts'
import { createSeeded, makeDueNow } from './seed.ts'
import { shuffled } from './statistics.ts'
import { lostOrDoubled } from './verify.ts'

export const CANDIDATES = ['securekey', 'graphile-worker', 'pg-boss'] as const
export type Candidate = (typeof CANDIDATES)[number]

/** One run of one candidate. `keptBytes`: what it left in its history, indexes and all. */
export type ContestRun = CandidateRun &
  PostgresWork & { candidate: Candidate; round: number; perSecond: number; keptBytes: number }

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
        if (candidate === 'securekey') await makeDueNow(url)
        await resetHeroku(heroku, { latencyMs })
        const keptBefore = await historyBytes(url)
        const child = await startCandidate(candidate, { ...order, url, stage: 'run' })
        const endMeter = await meterPostgres(postgres)
        const run = await child.ask<CandidateRun>({ ask: 'run' })
        const work = await endMeter()
        await child.stop()
        await checkServed(heroku, candidate, count)
        await checkStored(url, heroku, candidate, count)
        const keptBytes = (await historyBytes(url)) - keptBefore
        await postgres.drop(nameOf(candidate, 'run'))
        const perSecond = (run.done / run.elapsedMs) * 1_000
        process.stderr.write(`round ${round + 1} ${candidate}: ${perSecond.toFixed(0)}/s\n`)
        runs.push({ candidate, round, ...run, ...work, perSecond, keptBytes })
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

/** And only if what is stored is what Heroku holds; of the peers, whose keys cannot be opened again, if all are there. */
async function checkStored(
  url: string,
  heroku: FakeHeroku,
  candidate: Candidate,
  count: number,
): Promise<void> {
  const wrong =
    candidate === 'securekey'
      ? await lostOrDoubled(url, heroku, { due: count })
      : count - (await storedByPeer(url))
  if (wrong !== 0) throw new Error(`${candidate} lost or doubled ${wrong} of ${count} rotations`)
}

async function storedByPeer(url: string): Promise<number> {
  return await withClient(url, async (client) => {
    const { rows } = await client.query<{ keys: number }>(
      `select count(*)::integer as keys from plain_keys where stage = 'current'`,
    )
    return rows[0]?.keys ?? 0
  })
}

async function historyBytes(url: string): Promise<number> {
  return await withClient(url, async (client) => {
    const { rows } = await client.query<{ bytes: string | null }>(
      `select pg_total_relation_size(to_regclass('history')) as bytes`,
    )
    return Number(rows[0]?.bytes ?? 0)
  })
}
