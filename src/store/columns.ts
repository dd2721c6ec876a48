import type { ColumnType } from 'kysely'

/**
 * A kind of column. Queries for single rows go through kysely and `pg` and need its types alone. Statements for whole
 * groups (`group-statement.ts`) send and read texts, by the functions here.
 */
export type Column<Read = unknown, Write = unknown> = {
  /** Its name in the catalogue of Postgres. */
  readonly type: string
  readonly nullable: boolean
  readonly hasDefault: boolean
  /** The expression by which it is selected. */
  readonly ask: (reference: string) => string
  /** Its value from the text that Postgres sends for that expression. A null is never read. */
  readonly read: (text: string) => unknown
  /** The type of the array in which a group's values are sent, and the expression that takes an element of it. */
  readonly sentAs: string
  readonly take: (reference: string) => string
  /** The element of an array literal for a value that is not null. */
  readonly literal: (value: never) => string
  /** What a query returns of it and what is written to it; there is no such value. */
  readonly types?: readonly [read: Read, write: Write]
}

/** A table: its columns by name. */
export type Columns = Readonly<Record<string, Column>>

/** What a query returns of a column, and what is written to it. */
export type ReadOf<C extends Column> = NonNullable<C['types']>[0]
export type WriteOf<C extends Column> = NonNullable<C['types']>[1]

/** A column as kysely sees it: what is selected, inserted and updated. */
export type KyselyColumn<C extends Column> = C extends { nullable: true } | { hasDefault: true }
  ? ColumnType<ReadOf<C>, WriteOf<C> | undefined, WriteOf<C>>
  : ColumnType<ReadOf<C>, WriteOf<C>, WriteOf<C>>

type Kind<Read, Write> = {
  type: string
  read: (text: string) => Read
  ask?: Column['ask']
  sentAs?: string
  take?: Column['take']
  literal?: (value: Write) => string
}
type Plain = { readonly nullable: false; readonly hasDefault: false }

function column<Read, Write = Read>(kind: Kind<Read, Write>): Column<Read, Write> & Plain {
  const asItIs = (reference: string) => reference
  return {
    nullable: false,
    hasDefault: false,
    ask: asItIs,
    sentAs: kind.type,
    take: asItIs,
    literal: String,
    ...kind,
  }
}

/** A column that may be null. */
export function orNull<C extends Column>(
  of: C,
): Column<ReadOf<C> | null, WriteOf<C> | null> & { readonly nullable: true } {
  return { ...of, nullable: true }
}

/** A column that Postgres fills when an insert leaves it out. */
export function withDefault<C extends Column>(
  of: C,
): Column<ReadOf<C>, WriteOf<C>> & { readonly hasDefault: true } {
  return { ...of, hasDefault: true }
}

export const uuid = column<string>({ type: 'uuid', read: String })
export const integer = column<number>({ type: 'integer', read: Number })
/** `bigint` stays text, as `pg` reads it: fencing numbers are only compared. */
export const bigint = column<string>({ type: 'bigint', read: String })
/** A number of seconds. */
export const seconds = column<string, number>({ type: 'bigint', read: String })
export const boolean = column<boolean>({ type: 'boolean', read: (text) => text === 't' })
export const bytes = column<Buffer>({
  type: 'bytea',
  read: (text) => Buffer.from(text.slice(2), 'hex'),
  literal: (value) => `"\\\\x${value.toString('hex')}"`,
})
/**
 * A moment to the millisecond. It travels as a number: texts of dates cost ten times as much on both sides. From the
 * year 1900 to 2100 it arrives exactly; farther away such a number may be some microseconds off.
 */
export const moment = column<Date>({
  type: 'timestamp with time zone',
  ask: (reference) => `(date_part('epoch', ${reference}) * 1000)::bigint`,
  read: (text) => new Date(Number(text)),
  sentAs: 'float8',
  take: (reference) => `to_timestamp(${reference} / 1000)`,
  literal: (value) => String(value.getTime()),
})

/** A span of time in milliseconds. No column holds one: it is sent, to be added to the clock of the database. */
export const span = column<number>({
  type: 'interval',
  read: Number,
  sentAs: 'float8',
  take: (reference) => `make_interval(secs => ${reference} / 1000)`,
})

/** A text of a closed list, or any. */
export function text<T extends string = string>() {
  return column<T>({ type: 'text', read: (value) => value as T, literal: quoted })
}

/** A JSON value; it is written as its text. */
export function json<T>() {
  return column<T, string>({ type: 'jsonb', read: (value) => JSON.parse(value) as T, literal: quoted })
}

/** A list of whole numbers. An array of arrays would have to be rectangular, so a group sends each as a text. */
export const integers = column<number[]>({
  type: 'integer[]',
  read: (value) => (value === '{}' ? [] : value.slice(1, -1).split(',').map(Number)),
  sentAs: 'text',
  take: (reference) => `${reference}::integer[]`,
  literal: (value) => `"{${value.join()}}"`,
})

/** Between quotes an element of an array literal may hold anything (Postgres manual, 8.15.6). */
function quoted(value: string): string {
  return `"${value.replace(/["\\]/g, '\\$&')}"`
}
