import type { CycleRun, ManyCyclesOrder } from './candidates/many-cycles.ts'
import type { Bench } from './support/bench.ts'
import { withClient } from './support/bench-postgres.ts'
import { startChild } from './support/child.ts'
import { resetHeroku, startFakeHeroku } from './support/heroku.ts'
import { figure, type Row } from './support/report.ts'
import { createSeeded } from './support/seed.ts'

const CYCLES = 10
const TABLES = ['schedule', 'key_versions', 'rotations', 'audit_events', 'resources', 'oauth_tokens']

type Sizes = Record<string, { tableMb: number; indexMb: number }>

/** Table and index sizes over ten full cycles of all resources, and the memory of the worker that turns them. */
export const bench: Bench = async ({ postgres, quick }) => {
  const resources = quick ? 2_000 : 20_000
  // A cycle takes seconds here instead of a fortnight, so autovacuum looks as much more often.
  await postgres.admin.query(`alter system set autovacuum_naptime = '2s'`)
  await postgres.admin.query('select pg_reload_conf()')
  const url = await createSeeded(postgres, 'growth', { all: resources, due: resources })
  // Tokens live for ten cycles here: what is measured is rotation, not the refresh of tokens.
  await withClient(url, (c) =>
    c.query(`update oauth_tokens set access_expires_at = now() + interval '1 year'`),
  )
  const heroku = await startFakeHeroku()
  await resetHeroku(heroku, {})
  const order: ManyCyclesOrder = { url, herokuUrl: heroku.ready.url, inFlight: 32 }
  const worker = await startChild(new URL('./candidates/many-cycles.ts', import.meta.url), order, [
    '--expose-gc',
  ])
  const runs: (CycleRun & { cycle: number; sizes: Sizes })[] = []
  for (let cycle = 1; cycle <= CYCLES; cycle += 1) {
    const run = await worker.ask<CycleRun>({ ask: 'cycle' })
    runs.push({ cycle, ...run, sizes: await sizesOf(url) })
    process.stderr.write(`cycle ${cycle}: ${run.promoted} in ${(run.elapsedMs / 1_000).toFixed(1)} s\n`)
  }
  await worker.stop()
  await heroku.stop()
  const mb = (run: (typeof runs)[number], table: string) => {
    const { tableMb = 0, indexMb = 0 } = run.sizes[table] ?? {}
    return `${figure(tableMb)} + ${figure(indexMb)}`
  }
  return {
    table: runs.map(
      (run): Row => ({
        cycle: run.cycle,
        rotations: figure(run.promoted),
        ...Object.fromEntries(TABLES.map((table) => [`${table}, MB`, mb(run, table)])),
        'worker resident, MB': figure(run.residentMb),
        'worker heap, MB': figure(run.heapMb),
      }),
    ),
    notes: [
      `${resources} resources, ${CYCLES} cycles, table + indexes; autovacuum with the settings of the migrations, looking every 2 s.`,
      'key_versions, rotations and audit_events are history: each rotation adds to them and nothing is taken away.',
    ],
    raw: runs,
  }
}

async function sizesOf(url: string): Promise<Sizes> {
  return await withClient(url, async (client) => {
    const { rows } = await client.query<{ name: string; table: string; indexes: string }>(
      `select relname as name, pg_table_size(oid) as table, pg_indexes_size(oid) as indexes
         from pg_class where relname = any($1)`,
      [TABLES],
    )
    return Object.fromEntries(
      rows.map((row) => [
        row.name,
        { tableMb: Number(row.table) / 2 ** 20, indexMb: Number(row.indexes) / 2 ** 20 },
      ]),
    )
  })
}
