import { parseDuration } from './duration.ts'

/** A date without a time is midnight, and one without a zone is in UTC. */
const DATE = /^\d{4}-\d{2}-\d{2}([T ]\d{2}:\d{2}(:\d{2})?)?(Z|[+-]\d{2}:\d{2})?$/

/** The moment that a text names: a date, or a length of time from now. Throws a sentence for anything else. */
export function endOf(text: string, now: Date): Date {
  const ms = parseDuration(text)
  if (ms !== undefined) return new Date(now.getTime() + ms)
  const [, time, , zone] = DATE.exec(text) ?? []
  const iso = `${text.replace(' ', 'T')}${time === undefined || zone !== undefined ? '' : 'Z'}`
  const date = DATE.test(text) ? new Date(iso) : undefined
  if (!date || Number.isNaN(date.getTime())) {
    throw new Error('The end must be a date such as 2026-12-24 or 2026-12-24T08:00Z, or a time such as 7d.')
  }
  return date
}
