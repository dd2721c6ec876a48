import { dateWords } from './moment.ts'

/** A date as the clock of a time zone shows it, to the minute: `2026-12-20 00:00`. In UTC where the zone is not known here. */
export function clockWords(date: Date, zone: string): string {
  try {
    // Swedish writes a date as ISO 8601 does.
    const options = { timeZone: zone, dateStyle: 'short', timeStyle: 'short' } as const
    return new Intl.DateTimeFormat('sv-SE', options).format(date)
  } catch {
    return dateWords(date)
  }
}
