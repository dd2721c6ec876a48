import type { AuditEvent } from '../../domain/audit.ts'

const COLUMNS = [
  'at',
  'action',
  'actor',
  'user_id',
  'email',
  'verified',
  'address',
  'version',
  'fingerprint',
  'details',
]

export const CSV_HEADER = `${COLUMNS.join(',')}\r\n`

/** Rows of a CSV file (RFC 4180) that is safe to open with a spreadsheet. */
export function csvLines(events: readonly AuditEvent[]): string {
  return events.map((event) => `${fieldsOf(event).map(csvCell).join(',')}\r\n`).join('')
}

/** One JSON object per line. */
export function jsonLines(events: readonly AuditEvent[]): string {
  return events
    .map(({ at, action, actor, version, fingerprint, details }) => {
      return `${JSON.stringify({ at, action, actor, version, fingerprint, details })}\n`
    })
    .join('')
}

function fieldsOf({ at, action, actor, version, fingerprint, details }: AuditEvent): string[] {
  const person = actor.type === 'person' ? actor : undefined
  return [
    at.toISOString(),
    action,
    actor.type,
    person?.userId ?? '',
    person?.email ?? '',
    person ? (person.verified ? 'verified' : 'unverified') : '',
    person?.address ?? '',
    version === undefined ? '' : String(version),
    fingerprint ?? '',
    Object.keys(details ?? {}).length > 0 ? JSON.stringify(details) : '',
  ]
}

/**
 * A spreadsheet takes a cell that starts with one of these for a formula, and e-mail addresses and reasons are written
 * by people: an apostrophe in front makes it text.
 */
function csvCell(text: string): string {
  const safe = /^[=+\-@\t\r\n]/.test(text) ? `'${text}` : text
  return /[",\r\n']/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe
}
