import { sql } from 'kysely'
import { beforeAll, describe, expect, test } from 'vitest'
import {
  type Column,
  type Columns,
  integer,
  moment,
  orNull,
  text,
  withDefault,
} from '../../src/store/columns.ts'
import { openDatabase } from '../../src/store/database.ts'
import { TABLES } from '../../src/store/schema.ts'
import { takeDatabase } from '../support/database.ts'

type Tables = Readonly<Record<string, Columns>>

/** Each column of the migrated database in one line, as the catalogue has it; kysely keeps its own books beside them. */
let catalogue: string[]

beforeAll(async () => {
  const { url, giveBack } = await takeDatabase()
  const db = openDatabase({ url, poolSize: 1, onIdleError: () => {} })
  const { rows } = await sql<{ table: string; name: string } & Facts>`
    select c.relname as "table", a.attname as name, format_type(a.atttypid, a.atttypmod) as type,
           not a.attnotnull as nullable, a.atthasdef or a.attidentity <> '' as "hasDefault"
      from pg_class c join pg_attribute a on a.attrelid = c.oid
     where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p', 'v', 'm', 'f')
       and a.attnum > 0 and not a.attisdropped and not starts_with(c.relname, 'kysely_migration')
  `.execute(db)
  await db.destroy()
  await giveBack()
  catalogue = rows.map(({ table, name, ...facts }) => line(table, name, facts))
})

type Facts = Pick<Column, 'type' | 'nullable' | 'hasDefault'>

function line(table: string, name: string, { type, nullable, hasDefault }: Facts): string {
  return `${table}.${name}: ${type}${nullable ? ' or null' : ''}${hasDefault ? ', has a default' : ''}`
}

function linesOf(tables: Tables): string[] {
  return Object.entries(tables).flatMap(([table, columns]) =>
    Object.entries(columns).map(([name, column]) => line(table, name, column)),
  )
}

/** The lines of one side that the other lacks. */
function differences(tables: Tables): { onlyInCode: string[]; onlyInDatabase: string[] } {
  const lines = linesOf(tables)
  return {
    onlyInCode: lines.filter((each) => !catalogue.includes(each)),
    onlyInDatabase: catalogue.filter((each) => !lines.includes(each)),
  }
}

test('the tables of the code are those of the database: every column, its type, whether it may be null, and its default', () => {
  expect(catalogue.length).toBeGreaterThan(80)
  expect(differences(TABLES)).toEqual({ onlyInCode: [], onlyInDatabase: [] })
})

describe('a difference is found and named:', () => {
  const { keysets, sessions, ...others } = TABLES
  const { fence: _, ...withoutFence } = keysets
  const change = (columns: Columns): Tables => ({ ...TABLES, keysets: { ...keysets, ...columns } })

  test.each<[string, Tables, onlyInCode: string[], onlyInDatabase: string[]]>([
    [
      'a column that the code lacks',
      { ...TABLES, keysets: withoutFence },
      [],
      ['keysets.fence: bigint, has a default'],
    ],
    ['a column that the database lacks', change({ extra: integer }), ['keysets.extra: integer'], []],
    ['another type', change({ current: text() }), ['keysets.current: text'], ['keysets.current: integer']],
    [
      'a type that differs by its length alone',
      change({ current: { ...integer, type: 'smallint' } }),
      ['keysets.current: smallint'],
      ['keysets.current: integer'],
    ],
    [
      'a column that may be null in the code alone',
      change({ current: orNull(integer) }),
      ['keysets.current: integer or null'],
      ['keysets.current: integer'],
    ],
    [
      'a column that may be null in the database alone',
      change({ due_at: moment }),
      ['keysets.due_at: timestamp with time zone'],
      ['keysets.due_at: timestamp with time zone or null'],
    ],
    [
      'a default that the database lacks',
      change({ current: withDefault(integer) }),
      ['keysets.current: integer, has a default'],
      ['keysets.current: integer'],
    ],
    [
      'a default that the code lacks',
      change({ attempts: integer }),
      ['keysets.attempts: integer'],
      ['keysets.attempts: integer, has a default'],
    ],
    ['a table that the database lacks', { ...TABLES, more: { id: integer } }, ['more.id: integer'], []],
    ['a table that the code lacks', { keysets, ...others }, [], linesOf({ sessions })],
  ])('%s', (_what, tables, onlyInCode, onlyInDatabase) => {
    const found = differences(tables)
    expect(found.onlyInCode).toEqual(onlyInCode)
    expect(found.onlyInDatabase.toSorted()).toEqual(onlyInDatabase.toSorted())
  })
})
