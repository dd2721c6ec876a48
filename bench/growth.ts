import type { CycleRun, ManyCyclesOrder } from './candidates/many-cycles.ts'
import type { Bench } from './support/bench.ts'
import { withClient } from './support/bench-postgres.ts'
import { startChild } from './support/child.ts'
import { resetHeroku, startFakeHeroku } from './support/heroku.ts'
import { figure, type Row, target } from './support/report.ts'
import { createSeeded } from './support/seed.ts'
import { lostOrDoubled } from './support/verify.ts'

const CYCLES = 10
/** In this one a table has all the room that it needs from then on. */
const SETTLED_CYCLE = 2
const TABLES = ['keysets', 'sealed_keys', 'history', 'resources', 'oauth_tokens']
/** Each rotation adds to it, and nothing is taken away. */
const HISTORY = 'history'

type Sizes = Record<string, { tableMb: number; indexMb: number }>
type Run = CycleRun & { cycle: number; wrong: number; sizes: Sizes }

/** Table and index sizes over ten full cycles of all resources, and the memory of the worker that turns them. */
export const bench: Bench = async ({ postgres, quick }) => {
  const resources = quick ? 2_000 : 100_000
  // A cycle takes seconds here instead of a fortnight, so autovacuum looks as much more often.
  await postgres.admin.query(`alter system set autovacuum_naptime = '2s'`)
  await postgres.admin.query('select pg_reload_conf()')
  const url = await createSeeded(postgres, 'growth', { all: resources, due: resources })
  // Tokens live for ten cycles here: what is measured is rotation, not the refresh of tokens.
  await withClient(url, (c) =>
    c.query(`update oauth_tokens set access_expires_at = now() + interval '1 year'`),
  )
  const seeded = await sizesOf(url)
  const heroku = await startFakeHeroku()
  const order: ManyCyclesOrder = { url, herokuUrl: heroku.ready.url, inFlight: 32 }
  const worker = await startChild(new URL('./candidates/many-cycles.ts', import.meta.url), order, [
    '--expose-gc',
  ])
  const runs: Run[] = []
  for (let cycle = 1; cycle <= CYCLES; cycle += 1) {
    await resetHeroku(heroku, {})
    const run = await worker.ask<CycleRun>({ ask: 'cycle' })
    const wrong = await lostOrDoubled(url, heroku, { due: resources, rotations: cycle })
    runs.push({ cycle, ...run, wrong, sizes: await sizesOf(url) })
    process.stderr.write(`cycle ${cycle}: ${run.promoted} in ${(run.elapsedMs / 1_000).toFixed(1)} s\n`)
  }
  await worker.stop()
  await heroku.stop()
  const last = runs.at(-1)
  const settled = runs[SETTLED_CYCLE - 1]
  if (!last || !settled) throw new Error('there are no cycles')
  const rotations = runs.reduce((sum, run) => sum + run.promoted, 0)
  const historyBytes = (totalMb(last.sizes, HISTORY) - totalMb(seeded, HISTORY)) * 2 ** 20
  const growing = TABLES.filter((table) => table !== HISTORY)
  const growth = (size: (run: Run) => number) => [size(last) / size(settled)]
  return {
    table: runs.map(
      (run): Row => ({
        cycle: run.cycle,
        rotations: figure(run.promoted),
        checks: figure(run.checked),
        'lost or doubled': run.wrong,
        ...Object.fromEntries(TABLES.map((table) => [`${table}, MB`, sizeText(run.sizes, table)])),
        'worker resident, MB': figure(run.residentMb),
        'worker heap, MB': figure(run.heapMb),
      }),
    ),
    targets: [
      ...growing.map((table) =>
        target(
          `${table}, cycle ${CYCLES} beside ${SETTLED_CYCLE}`,
          growth((run) => totalMb(run.sizes, table)),
          LEVEL,
        ),
      ),
      target(
        'worker resident, the same',
        growth((run) => run.residentMb),
        LEVEL,
      ),
      target('history per rotation, B', [historyBytes / rotations], {
        floor: 500,
        stretch: 350,
        atMost: true,
      }),
    ],
    notes: [
      `${resources} resources, ${CYCLES} cycles of a rotation and the check that follows, table + indexes; autovacuum with the settings of the migrations, looking every 2 s.`,
      'Each rotation adds a row to history, and nothing is taken away.',
    ],
    raw: { seeded, runs },
  }
}

const LEVEL = { floor: 1.1, stretch: 1.02, atMost: true } as const

function totalMb(sizes: Sizes, table: string): number {
  const { tableMb = 0, indexMb = 0 } = sizes[table] ?? {}
  return tableMb + indexMb
}

function sizeText(sizes: Sizes, table: string): string {
  const { tableMb = 0, indexMb = 0 } = sizes[table] ?? {}
  return `${figure(tableMb)} + ${figure(indexMb)}`
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
