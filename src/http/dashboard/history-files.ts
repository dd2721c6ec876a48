import { cleanText } from '../../domain/clean-text.ts'
import type { HistoryRow } from '../../domain/history.ts'

const COLUMNS = [
  'seq',
  'at',
  'kind',
  'actor',
  'user_id',
  'email',
  'verified',
  'address',
  'token',
  'reason',
  'due_at',
  'opened_at',
  'made_at',
  'published_at',
  'next_rotation_at',
  'version',
  'fingerprint',
  'filler_version',
  'filler_fingerprint',
  'erased',
  'attempts',
  'failures',
  'details',
]

export const CSV_HEADER = `${COLUMNS.join(',')}\r\n`

/** Rows of a CSV file (RFC 4180) that is safe to open with a spreadsheet. */
export function csvLines(rows: readonly HistoryRow[]): string {
  return rows.map((row) => `${fieldsOf(row).map(csvCell).join(',')}\r\n`).join('')
}

/** One JSON object per line. */
export function jsonLines(rows: readonly HistoryRow[]): string {
  return rows.map((row) => `${JSON.stringify(row, cleaned)}\n`).join('')
}

/** Rows may be older than what cleans them, or written by another hand: the names of their details too. */
function cleaned(name: string, value: unknown): unknown {
  if (name === 'details' && typeof value === 'object' && value !== null) {
    return Object.fromEntries(Object.entries(value).map(([key, each]) => [cleanText(key), each]))
  }
  return typeof value === 'string' ? cleanText(value, LONGEST_CELL) : value
}

/** The failures of a rotation are one cell. */
const LONGEST_CELL = 20_000

function fieldsOf(row: HistoryRow): string[] {
  const { actor, rotation, key, filler, erased = [], failures = [], details = {} } = row
  const person = actor.type === 'person' ? actor : undefined
  return [
    row.seq,
    row.at,
    row.kind,
    actor.type,
    person?.userId,
    person?.email,
    person && (person.verified ? 'verified' : 'unverified'),
    'address' in actor ? actor.address : undefined,
    bearerOf(actor),
    rotation?.reason,
    rotation?.dueAt,
    rotation?.openedAt,
    row.madeAt,
    row.publishedAt,
    rotation?.nextRotationAt,
    key?.version,
    key?.fingerprint,
    filler?.version,
    filler?.fingerprint,
    erased.join(' '),
    row.attempts,
    failures.length > 0 ? JSON.stringify(failures) : '',
    Object.keys(details).length > 0 ? JSON.stringify(details) : '',
  ].map((field) => (field instanceof Date ? field.toISOString() : String(field ?? '')))
}

/** What somebody came with who came with a token. */
function bearerOf(actor: HistoryRow['actor']): string | undefined {
  if (actor.type === 'token') return `${actor.name} (${actor.id})`
  const session = actor.type === 'person' ? actor.commandLine : undefined
  return session === undefined ? undefined : `command line (${session})`
}

/**
 * A spreadsheet takes a cell that starts with one of these for a formula, and e-mail addresses and reasons are written
 * by people: an apostrophe in front makes it text. Many a spreadsheet parts cells at semicolons or tabs, so what stands
 * behind one of those is such a start too.
 */
function csvCell(text: string): string {
  const safe = cleanText(text, LONGEST_CELL).replaceAll(FORMULA, "$<before>'$<sign>")
  return /[",'\r\n;]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe
}

/** The last four are the same signs in full width, which spreadsheets take for them. */
const FORMULA = /(?<before>^\s*|[;,|\t][\s"']*)(?<sign>[=+\-@\uff1d\uff0b\uff0d\uff20])/g
