import { openDatabase } from '../../../src/store/database.ts'
import { migrateToLatest } from '../../../src/store/migrations.ts'

/** Migrates an empty database. */
export async function migrated(url: string): Promise<void> {
  const db = openDatabase({ url, poolSize: 1, onIdleError: () => {} })
  try {
    await migrateToLatest(db)
  } finally {
    await db.destroy()
  }
}
