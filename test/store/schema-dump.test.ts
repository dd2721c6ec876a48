import { readFileSync } from 'node:fs'
import { sql } from 'kysely'
import { beforeAll, expect, test } from 'vitest'
import { schemaText } from '../../scripts/schema-text.ts'
import { type Db, openDatabase, type Trx } from '../../src/store/database.ts'
import { takeDatabase } from '../support/database.ts'

const MIGRATIONS = new URL('../../migrations/', import.meta.url)
const FIRST_MIGRATION = readFileSync(new URL('0001_first.sql', MIGRATIONS), 'utf8')
const SCHEMA = readFileSync(new URL('schema.sql', MIGRATIONS), 'utf8')

/** A migrated database that no test changes for good. */
let db: Db
beforeAll(async () => {
  const { url, giveBack } = await takeDatabase()
  db = openDatabase({ url, poolSize: 1, onIdleError: () => {} })
  // The clock of the migrations, in the place of the one that tests have.
  const [clock = ''] = /create function service_now.*?\$\$;/s.exec(FIRST_MIGRATION) ?? []
  await sql.raw(clock.replace('create', 'create or replace')).execute(db)
  return async () => {
    await db.destroy()
    await giveBack()
  }
})

/** The text after a change of the schema that is undone. */
async function textAfter(change: string): Promise<string> {
  const undone = new Error('undone')
  let text = ''
  const done = db.transaction().execute(async (trx: Trx) => {
    await sql.raw(change).execute(trx)
    text = await schemaText(trx)
    throw undone
  })
  await done.catch((error: unknown) => {
    if (error !== undone) throw error
  })
  return text
}

test('migrations/schema.sql is what the migrations make; `npm run schema` writes it anew', async () => {
  expect(SCHEMA).toBe(await schemaText(db))
})

test.each([
  ['a column', 'alter table keysets add column note text', '  note text,'],
  [
    'a default',
    'alter table keysets alter column current set default 7',
    '  current integer not null default 7,',
  ],
  [
    'what may be null',
    'alter table keysets alter column due_at set not null',
    '  due_at timestamp with time zone not null,',
  ],
  [
    'a type',
    'alter table oauth_tokens alter column generation type bigint',
    '  generation bigint not null default 1,',
  ],
  [
    'a check',
    'alter table history add constraint more check (seq > 0)',
    '  constraint more CHECK (seq > 0)\n',
  ],
  ['a key', 'alter table sessions add constraint one unique (email)', '  constraint one UNIQUE (email)'],
  [
    'a reference',
    'alter table history add constraint refers foreign key (resource_id) references resources (id)',
    '  constraint refers FOREIGN KEY (resource_id) REFERENCES resources(id)',
  ],
  [
    'an index',
    'create index more on history (at) with (fillfactor = 70)',
    "CREATE INDEX more ON history USING btree (at) WITH (fillfactor='70');",
  ],
  ['a storage parameter', 'alter table sealed_keys set (fillfactor = 80)', ') with (\n  fillfactor=80\n);'],
  [
    'a trigger',
    'create trigger more before delete on sessions for each row execute function refuse_change()',
    'CREATE TRIGGER more BEFORE DELETE ON sessions FOR EACH ROW EXECUTE FUNCTION refuse_change();',
  ],
  [
    'a function',
    'create function more() returns integer language sql as $$ select 1 $$',
    'CREATE OR REPLACE FUNCTION public.more()',
  ],
  [
    'a column that numbers its rows',
    'alter table sessions add column place integer generated always as identity',
    '  place integer not null generated always as identity,',
  ],
  [
    'a column that is computed',
    'alter table sessions add column twice integer generated always as (1 + 1) stored',
    '  twice integer generated always as ((1 + 1)) stored,',
  ],
  ['a table', 'create table more (id integer primary key)', 'create table more (\n  id integer not null,'],
])('a change of the schema shows in the text: %s', async (_what, change, shown) => {
  const text = await textAfter(change)
  expect(text).toContain(shown)
  expect(SCHEMA).not.toContain(shown)
})

test.each([
  ['a view', 'create view more as select 1 as one', 'more'],
  ['a sequence', 'create sequence more', 'more'],
  ['an enum', `create type more as enum ('one')`, 'more'],
])('what the text has no words for is refused, not left out: %s', async (_what, change, name) => {
  await expect(textAfter(change)).rejects.toThrow(`teach scripts/schema-text.ts to write ${name}`)
})
