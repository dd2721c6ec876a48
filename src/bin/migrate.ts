import { openDatabase } from '../store/database.ts'
import { migrateToLatest } from '../store/migrations.ts'

/** A migration may rewrite a large table, so it gets longer than a request does. */
const STATEMENT_TIMEOUT_MS = 600_000

const url = process.env.DATABASE_URL
if (!url) {
  process.stderr.write('DATABASE_URL is required\n')
  process.exit(1)
}
const db = openDatabase({
  url,
  poolSize: 1,
  statementTimeoutMs: STATEMENT_TIMEOUT_MS,
  onIdleError: (error) => process.stderr.write(`${error.message}\n`),
})
try {
  const applied = await migrateToLatest(db)
  process.stdout.write(
    applied.length === 0 ? 'The schema is up to date.\n' : `Applied ${applied.join(', ')}.\n`,
  )
} catch (error) {
  process.stderr.write(`The schema was not migrated: ${error instanceof Error ? error.message : error}\n`)
  process.exitCode = 1
} finally {
  await db.destroy()
}
