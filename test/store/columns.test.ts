import fc from 'fast-check'
import { type Kysely, type Selectable, sql } from 'kysely'
import { beforeAll, describe, expect, expectTypeOf, test } from 'vitest'
import {
  bigint,
  boolean,
  bytes,
  integer,
  integers,
  json,
  type KyselyColumn,
  moment,
  orNull,
  seconds,
  text,
  uuid,
} from '../../src/store/columns.ts'
import { type Db, openDatabase } from '../../src/store/database.ts'
import {
  anyOf,
  ask,
  askAll,
  askForValue,
  askIfThere,
  executePrepared,
  given,
  runPrepared,
} from '../../src/store/group-statement.ts'
import { takeDatabase } from '../support/database.ts'

/** A table with a column of each kind, all of which may be null. */
const KINDS = {
  place: integer,
  a_uuid: orNull(uuid),
  an_integer: orNull(integer),
  a_bigint: orNull(bigint),
  a_number_of_seconds: orNull(seconds),
  a_boolean: orNull(boolean),
  some_bytes: orNull(bytes),
  a_moment: orNull(moment),
  a_text: orNull(text()),
  a_json: orNull(json<unknown>()),
  some_integers: orNull(integers),
}
type Kinds = typeof KINDS
type Table = { [Name in keyof Kinds]: KyselyColumn<Kinds[Name]> }
/** A row as it is read; json and seconds are written in another form than they are read. */
type Row = Selectable<Table>

let db: Db
/** The same connections, for single rows of that table. */
let single: Kysely<{ kinds: Table }>

beforeAll(async () => {
  const { url, giveBack } = await takeDatabase()
  db = openDatabase({ url, poolSize: 1, onIdleError: () => {} })
  single = db as unknown as typeof single
  const columns = Object.entries(KINDS).map(([name, { type }]) => `${name} ${type}`)
  await sql.raw(`create table kinds (${columns.join(', ')})`).execute(db)
  return async () => {
    await db.destroy()
    await giveBack()
  }
})

const NAMES = sql.raw(Object.keys(KINDS).join(', '))

/** Writes rows by one group statement and reads them by another, and by a query for single rows. */
async function roundTrip(rows: readonly Row[]): Promise<{ group: Row[]; single: Row[] }> {
  await sql`truncate kinds`.execute(db)
  const written = rows.map((row) => ({
    ...row,
    a_json: row.a_json === null ? null : JSON.stringify(row.a_json),
    a_number_of_seconds: row.a_number_of_seconds === null ? null : Number(row.a_number_of_seconds),
  }))
  const insert = sql`insert into kinds (${NAMES}) select ${NAMES} from ${given(KINDS, written)}`
  await executePrepared(db, 'insert-kinds', insert)
  const read = await runPrepared(
    db,
    'read-kinds',
    askAll(KINDS, 'k'),
    (list) => sql`select ${list} from kinds k order by k.place`,
  )
  return {
    group: read,
    single: await single.selectFrom('kinds').selectAll().orderBy('place').execute(),
  }
}

const EMPTY: Omit<Row, 'place'> = {
  a_uuid: null,
  an_integer: null,
  a_bigint: null,
  a_number_of_seconds: null,
  a_boolean: null,
  some_bytes: null,
  a_moment: null,
  a_text: null,
  a_json: null,
  some_integers: null,
}

/** Rows with one value each, every other column null. */
function rowsOf<Name extends keyof typeof EMPTY>(name: Name, values: readonly Row[Name][]): Row[] {
  return values.map((value, place) => ({ ...EMPTY, place, [name]: value }))
}

const TEXTS = [
  ...['', ' ', ' in front', 'behind ', 'NULL', 'null', '"', '""', '"NULL"', "'", "''", '\\', '\\\\', '\\"'],
  ...['{', '}', '{}', '{"a",b}', ',', 'a,b', '\n', '\r\n', '\t', '\\n', '\\N', '\\x41', '\\u0041', '$1', '%'],
  ...[
    'ä',
    '日本語',
    '😀',
    'e\u0301',
    '\u200b',
    '\ufeff',
    '\u2028',
    '\u0001',
    '\u007f',
    '\u{10ffff}',
    '--',
    '/*',
  ],
]
const ALL_BYTES = Buffer.from(Array.from({ length: 256 }, (_, index) => index))
const MOMENTS = [
  ...['2026-03-03T12:00:00.000Z', '2026-03-03T12:00:00.001Z', '2026-03-03T12:00:00.999Z'],
  ...['1970-01-01T00:00:00.000Z', '1969-12-31T23:59:59.999Z', '1900-01-01T00:00:00.001Z'],
  ...['2038-01-19T03:14:08.001Z', '2099-12-31T23:59:59.999Z'],
].map((iso) => new Date(iso))

describe('what a group writes, groups and single rows read:', () => {
  test.each<[string, Row[]]>([
    ['nulls of every kind', [{ ...EMPTY, place: 0 }]],
    ['texts with signs that mean something to arrays or to SQL', rowsOf('a_text', TEXTS)],
    ['a text of a megabyte', rowsOf('a_text', ['"\\,{}'.repeat(200_000)])],
    [
      'all bytes, single ones and none',
      rowsOf('some_bytes', [
        ALL_BYTES,
        Buffer.alloc(0),
        Buffer.from([0]),
        Buffer.from([255]),
        Buffer.from('\\x41'),
      ]),
    ],
    ['moments to the millisecond, before 1970 too', rowsOf('a_moment', MOMENTS)],
    [
      'lists of whole numbers, empty ones too',
      rowsOf('some_integers', [
        [],
        [0],
        [1, 2, 3],
        [-2_147_483_648, 2_147_483_647],
        Array.from({ length: 1_000 }, (_, index) => index),
      ]),
    ],
    [
      'json with quotes, and texts in it that look like something else',
      rowsOf('a_json', [
        {},
        [],
        [[], {}],
        ...TEXTS.map((each) => ({ [each]: each })),
        ...TEXTS,
        0.1,
        1e300,
        true,
      ]),
    ],
    ['whole numbers to their limits', rowsOf('an_integer', [0, -1, 2_147_483_647, -2_147_483_648])],
    [
      'numbers that are larger than those of JavaScript, as texts',
      rowsOf('a_bigint', ['0', '9007199254740993', '9223372036854775807', '-9223372036854775808']),
    ],
    ['seconds', rowsOf('a_number_of_seconds', ['1', '315360000', '9007199254740991'])],
    ['true and false', rowsOf('a_boolean', [true, false])],
  ])('%s', async (_what, rows) => {
    const read = await roundTrip(rows)
    expect(read.group).toEqual(rows)
    expect(read.single).toEqual(rows)
  })

  const anyText = fc
    .oneof(fc.string({ unit: 'binary' }), fc.string({ unit: fc.constantFrom(...'"\\{},\n NUL😀\'') }))
    // The one character that Postgres has no place for; whoever takes texts from outside sees to it.
    .map((value) => value.replaceAll('\0', ''))
  const anyRow: fc.Arbitrary<Omit<Row, 'place'>> = fc.record({
    a_uuid: fc.option(fc.uuid()),
    an_integer: fc.option(fc.integer()),
    a_bigint: fc.option(fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }).map(String)),
    a_number_of_seconds: fc.option(fc.maxSafeNat().map(String)),
    a_boolean: fc.option(fc.boolean()),
    some_bytes: fc.option(fc.uint8Array().map((each) => Buffer.from(each))),
    a_moment: fc.option(
      fc.date({ min: new Date('1900-01-01'), max: new Date('2100-01-01'), noInvalidDate: true }),
    ),
    a_text: fc.option(anyText),
    a_json: fc.option(
      fc
        .jsonValue({ stringUnit: 'binary' })
        .map((value) => JSON.parse(JSON.stringify(value).replaceAll('\\u0000', '')) as unknown),
    ),
    some_integers: fc.option(fc.array(fc.integer())),
  })

  test('any values, in any number of rows', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(anyRow, { maxLength: 12 }), async (some) => {
        const rows = some.map((row, place) => ({ ...row, place }))
        const read = await roundTrip(rows)
        expect(read.group).toEqual(rows)
        expect(read.single).toEqual(rows)
      }),
    )
  })

  test('a moment is the one that a query for a single row compares with, to the microsecond', async () => {
    await roundTrip(rowsOf('a_moment', MOMENTS))
    const found = await Promise.all(
      MOMENTS.map((value) =>
        single.selectFrom('kinds').select('place').where('a_moment', '=', value).execute(),
      ),
    )
    expect(found).toEqual(MOMENTS.map((_, place) => [{ place }]))
  })
})

test('a moment thousands of years away is read by a group as it was written, and by a single row to the millisecond', async () => {
  const far = ['0001-01-01T00:00:00.001Z', '9999-12-31T23:59:59.999Z'].map((iso) => new Date(iso))
  const read = await roundTrip(rowsOf('a_moment', far))
  expect(read.group.map((row) => row.a_moment)).toEqual(far)
  for (const [index, { a_moment }] of read.single.entries()) {
    expect(Math.abs((a_moment?.getTime() ?? 0) - (far[index]?.getTime() ?? 0))).toBeLessThanOrEqual(1)
  }
})

test('what a single row was written with is what a group reads', async () => {
  const row = {
    ...EMPTY,
    place: 1,
    a_text: TEXTS.join(),
    some_bytes: ALL_BYTES,
    a_moment: new Date('2026-03-03T12:00:00.001Z'),
    some_integers: [3, 1, 2],
  }
  await sql`truncate kinds`.execute(db)
  const written = { ...row, a_json: JSON.stringify({ a: TEXTS }), a_number_of_seconds: 7, a_bigint: '12' }
  await single.insertInto('kinds').values(written).execute()
  const [read] = await runPrepared(
    db,
    'read-kinds',
    askAll(KINDS, 'k'),
    (list) => sql`select ${list} from kinds k order by k.place`,
  )
  expect(read).toEqual({ ...row, a_json: { a: TEXTS }, a_number_of_seconds: '7', a_bigint: '12' })
})

test('a row that an outer join does not find is null in every column that was asked for', async () => {
  const [read] = await runPrepared(
    db,
    'read-missing',
    {
      a_text: askIfThere(text(), 'k.a_text'),
      a_moment: askIfThere(moment, 'k.a_moment'),
      some_bytes: askIfThere(bytes, 'k.some_bytes'),
      a_boolean: askIfThere(boolean, 'k.a_boolean'),
    },
    (list) => sql`select ${list} from (values (1)) as v (one) left join kinds k on false`,
  )
  expect(read).toEqual({ a_text: null, a_moment: null, some_bytes: null, a_boolean: null })
})

test('columns of one name in two relations are told apart by the names under which they are asked for', async () => {
  const rows = rowsOf('a_text', ['first', 'second'])
  await roundTrip(rows)
  const read = await runPrepared(
    db,
    'read-twice',
    { ...askAll(KINDS, 'one', ['a_text', 'place']), other: ask(KINDS.a_text, 'other.a_text') },
    (list) => sql`select ${list} from kinds one join kinds other on other.place = one.place + 1`,
  )
  expect(read).toEqual([{ a_text: 'first', place: 0, other: 'second' }])
})

test('a group of ids is found, one that is empty finds nothing', async () => {
  const ids = [1, 2, 3].map((number) => `01234567-89ab-4cde-8f01-00000000000${number}`)
  await roundTrip(rowsOf('a_uuid', ids))
  const places = async (wanted: readonly string[]) => {
    const { rows } = await sql<{ place: number }>`
      select place from kinds where a_uuid = ${anyOf(wanted)} order by place`.execute(db)
    return rows.map(({ place }) => place)
  }
  expect(await places(ids.slice(1))).toEqual([1, 2])
  expect(await places([])).toEqual([])
})

/** What this shows is shown by the compiler: a column that a select leaves out is no property of its rows. */
test('a column that was not asked for cannot be read from a row', async () => {
  const asked = {
    ...askAll(KINDS, 'k', ['a_text', 'place']),
    moment: askForValue(KINDS.a_moment, 'k.a_moment'),
    sum: ask(integer, '1 + 1'),
  }
  const rows = await runPrepared(
    db,
    'read-some',
    asked,
    (list) => sql`select ${list} from kinds k where false`,
  )
  expectTypeOf(rows).toEqualTypeOf<{ a_text: string | null; place: number; moment: Date; sum: number }[]>()
  const use = (row: (typeof rows)[number]) => [
    row.a_text,
    row.sum,
    // @ts-expect-error The select does not ask for it, so whoever reads it must not compile.
    row.a_json,
    // @ts-expect-error It was asked for under another name.
    row.a_moment,
  ]
  expect(rows.map(use)).toEqual([])
  // @ts-expect-error The table has no such column, so it cannot be asked for.
  expect(() => askAll(KINDS, 'k', ['no_such_column'])).toThrow()
})
