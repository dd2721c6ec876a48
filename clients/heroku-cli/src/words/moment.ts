import { lengthWords } from './duration.ts'

const JUST_NOW_MS = 5_000

/** A date in UTC, and how far it is: `2026-03-17 12:00 UTC (in 12 days)`. */
export function momentWords(date: Date, now: Date): string {
  return `${dateWords(date)} (${distanceWords(date, now)})`
}

/** A date in UTC, to the minute. */
export function dateWords(date: Date): string {
  return `${date.toISOString().slice(0, 16).replace('T', ' ')} UTC`
}

function distanceWords(date: Date, now: Date): string {
  const ms = date.getTime() - now.getTime()
  if (Math.abs(ms) < JUST_NOW_MS) return 'now'
  return ms > 0 ? `in ${lengthWords(ms)}` : `${lengthWords(ms)} ago`
}
