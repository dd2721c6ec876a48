import type { Bench } from './support/bench.ts'
import { startBenchPostgres } from './support/bench-postgres.ts'
import { describeMachine } from './support/machine.ts'
import { writeReport } from './support/report.ts'

const BENCHES = [
  'sealing',
  'own-keys',
  'rotations-per-second',
  'rotations-at-100-ms',
  'backlog',
  'drain-time',
  'provision',
  'tick-and-claim',
  'claim-in-the-way',
  'claims-per-second',
  'growth',
]

const words = process.argv.slice(2)
const quick = words.includes('--quick')
const asked = words.filter((word) => word !== '--quick')
const unknown = asked.filter((name) => !BENCHES.includes(name))
// Also for an option such as --help: nobody who asks for that wants all of them to run.
if (unknown.length > 0) {
  process.stderr.write(`There is no bench ${unknown.join(', ')}. There are: ${BENCHES.join(', ')}\n`)
  process.exit(1)
}

for (const name of asked.length > 0 ? asked : BENCHES) {
  const { bench }: { bench: Bench } = await import(`./${name}.ts`)
  const postgres = await startBenchPostgres()
  try {
    const machine = await describeMachine(postgres.admin)
    await writeReport({ bench: name, quick, machine, ...(await bench({ postgres, quick })) })
  } finally {
    await postgres.stop()
  }
}
