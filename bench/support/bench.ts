import type { BenchPostgres } from './bench-postgres.ts'
import type { Report } from './report.ts'

/** A bench measures and returns what it found; it never passes or fails. `quick` scales it down. */
export type Bench = (setting: {
  postgres: BenchPostgres
  quick: boolean
}) => Promise<Pick<Report, 'table' | 'targets' | 'notes' | 'raw'>>
