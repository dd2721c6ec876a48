import { type RawBuilder, sql } from 'kysely'
import type { Column, Columns, ReadOf, WriteOf } from './columns.ts'
import type { Db } from './database.ts'

/** What is asked for of one column: the expression, and how its text is read. A null is returned as it is. */
type Asked<Read> = { expression: string; column: Column<Read> }
/** Columns that are asked for, by the names under which a row has them. */
type AskedColumns = Readonly<Record<string, Asked<unknown>>>
type RowOf<Columns extends AskedColumns> = {
  [Name in keyof Columns]: Columns[Name] extends Asked<infer Read> ? Read : never
}
type Given<C extends Columns> = { [Name in keyof C]: WriteOf<C[Name]> }

/** Asks for the column at this place, for example `k.fence`. */
export function ask<C extends Column>(column: C, reference: string): Asked<ReadOf<C>> {
  return { expression: column.ask(reference), column: column as Column<ReadOf<C>> }
}

/** The same where the row may be missing, behind an outer join. */
export function askIfThere<C extends Column>(column: C, reference: string): Asked<ReadOf<C> | null> {
  return ask(column, reference)
}

/** The same where the row is known to hold a value, though the table allows null. */
export function askForValue<C extends Column>(column: C, reference: string): Asked<NonNullable<ReadOf<C>>> {
  return ask(column, reference) as Asked<NonNullable<ReadOf<C>>>
}

/** Asks for several columns of one table by their names, or for all of them. */
export function askAll<C extends Columns, Name extends keyof C & string = keyof C & string>(
  table: C,
  alias: string,
  names: readonly Name[] = Object.keys(table) as Name[],
): { [N in Name]: Asked<ReadOf<C[N]>> } {
  const entries = names.map((name) => [name, ask(table[name] as Column, `${alias}.${name}`)])
  return Object.fromEntries(entries)
}

/**
 * Runs a statement that each connection parses and plans once (`preparing-client.ts`); its text must always be the
 * same. Rows come as texts and are read here, by the columns that were asked for: a column that is left out of `asked`
 * is missing in the type of the row.
 */
export async function runPrepared<Asked extends AskedColumns>(
  db: Db,
  name: string,
  asked: Asked,
  statement: (list: RawBuilder<unknown>) => RawBuilder<unknown>,
): Promise<RowOf<Asked>[]> {
  const columns = Object.entries(asked)
  const list = sql.raw(columns.map(([, { expression }]) => expression).join(', '))
  const { rows } = await sql<(string | null)[]>`${preparedAs(name)} ${statement(list)}`.execute(db)
  // A row that has all its names from the start is several times cheaper than one to which they are added.
  const empty: Record<string, unknown> = Object.fromEntries(columns.map(([column]) => [column, null]))
  return rows.map((texts) => {
    const row = { ...empty }
    for (let place = 0; place < columns.length; place += 1) {
      const text = texts[place]
      const [name, { column }] = columns[place] as (typeof columns)[number]
      if (text !== null && text !== undefined) row[name] = column.read(text)
    }
    return row as RowOf<Asked>
  })
}

/** The same for a statement that returns nothing. */
export async function executePrepared(db: Db, name: string, statement: RawBuilder<unknown>): Promise<void> {
  await sql`${preparedAs(name)} ${statement}`.execute(db)
}

function preparedAs(name: string): RawBuilder<unknown> {
  return sql.raw(`/* prepared: ${name} */`)
}

/**
 * The rows of a group as a relation, called `v` unless it is named, for the `from` of a statement. The arrays are
 * written as texts by hand: `pg` takes ten times as long over arrays.
 */
export function given<C extends Columns>(
  columns: C,
  rows: readonly Given<C>[],
  alias = 'v',
): RawBuilder<unknown> {
  const entries = Object.entries(columns) as [keyof C & string, Column][]
  const arrays = entries.map(([name, column]) => {
    const elements = rows.map((row) => {
      const value: unknown = row[name]
      return value === null || value === undefined ? 'NULL' : column.literal(value as never)
    })
    return sql`${`{${elements.join()}}`}::${sql.raw(column.sentAs)}[]`
  })
  const names = entries.map(([name]) => name)
  const taken = entries.map(([name, column]) => `${column.take(`u.${name}`)} as ${name}`)
  return sql`(
    select ${sql.raw(taken.join(', '))} from unnest(${sql.join(arrays)}) as u (${sql.raw(names.join(', '))})
  ) as ${sql.raw(alias)}`
}

/**
 * The right side of `id = …` for a group of ids that are found by their index. Joined to a list of ids whose length it
 * knows, the planner would rather scan all of a table of ten thousand rows; of a subquery it expects ten.
 */
export function anyOf(ids: readonly string[]): RawBuilder<unknown> {
  return sql`any (array(select unnest(${`{${ids.join()}}`}::uuid[])))`
}
