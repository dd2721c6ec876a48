import type { ClaimerOrder, ClaimerRun } from './candidates/claimer.ts'
import type { Bench } from './support/bench.ts'
import { withClient } from './support/bench-postgres.ts'
import { type Child, startChild } from './support/child.ts'
import { figure } from './support/report.ts'
import { createSeeded } from './support/seed.ts'
import { median, shuffled, spread } from './support/statistics.ts'

const LIMIT = 500
const PROCESSES = [1, 2, 4]
/** Later than every date of the seeded resources. */
const ALL_DUE_AFTER_MS = 15 * 86_400_000

/** How many rows 1, 2 and 4 worker processes claim a second while a million are due. */
export const bench: Bench = async ({ postgres, quick }) => {
  const all = quick ? 100_000 : 1_000_000
  const rounds = 5
  const rowsPerRun = all / (rounds * PROCESSES.length) / 1.25
  const url = await createSeeded(postgres, 'claims', { all, due: 0 })
  const now = new Date(Date.now() + ALL_DUE_AFTER_MS).toISOString()
  const order: ClaimerOrder = { url, limit: LIMIT, now }
  const claimers: Child<undefined>[] = []
  for (let n = 0; n < Math.max(...PROCESSES); n += 1) {
    claimers.push(await startChild(new URL('./candidates/claimer.ts', import.meta.url), order))
  }
  const runs: { processes: number; rows: number; perSecond: number }[] = []
  for (let round = 0; round < rounds; round += 1) {
    for (const processes of shuffled(PROCESSES)) {
      const share = Math.ceil(rowsPerRun / processes)
      const startedAt = performance.now()
      const answers = await Promise.all(
        claimers.slice(0, processes).map((c) => c.ask<ClaimerRun>({ ask: 'claim', rows: share })),
      )
      const rows = answers.reduce((sum, answer) => sum + answer.rows, 0)
      runs.push({ processes, rows, perSecond: (rows / (performance.now() - startedAt)) * 1_000 })
    }
  }
  await Promise.all(claimers.map((claimer) => claimer.stop()))
  const twice = await withClient(url, (client) =>
    client.query(
      `select coalesce(sum(fence), 0)::integer as claims, max(fence)::integer as most from keysets`,
    ),
  )
  const claimed = runs.reduce((sum, run) => sum + run.rows, 0)
  return {
    table: PROCESSES.map((processes) => {
      const rates = runs.filter((run) => run.processes === processes).map((run) => run.perSecond)
      return { processes, 'rows claimed/s': figure(median(rates)), spread: spread(rates) }
    }),
    notes: [
      `${all} resources due, ${LIMIT} rows a claim, ${rounds} shuffled rounds. A claim reads all that a worker needs: state, keys, tokens.`,
      `Rows claimed: ${claimed}; claims that the table counts: ${twice.rows[0]?.claims}; most of one row: ${twice.rows[0]?.most}.`,
    ],
    raw: runs,
  }
}
