// `npm run schema`: applies the migrations to a database that nobody uses, and writes down what they make.
import { randomBytes } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { openDatabase } from '../src/store/database.ts'
import { migrateToLatest } from '../src/store/migrations.ts'
import { databaseUrl, withAdmin } from '../test/support/admin.ts'
import { startPostgresServer } from '../test/support/postgres-server.ts'
import { schemaText } from './schema-text.ts'

const FILE = fileURLToPath(new URL('../migrations/schema.sql', import.meta.url))

const server = await startPostgresServer()
const name = `securekey_schema_${randomBytes(6).toString('hex')}`
try {
  await withAdmin(server.url, (admin) => admin.query(`create database ${name}`))
  const db = openDatabase({ url: databaseUrl(server.url, name), poolSize: 2, onIdleError: () => {} })
  try {
    await migrateToLatest(db)
    writeFileSync(FILE, await schemaText(db))
  } finally {
    await db.destroy()
    await withAdmin(server.url, (admin) => admin.query(`drop database ${name} with (force)`))
  }
  console.log('migrations/schema.sql is written.')
} finally {
  await server.stop()
}
