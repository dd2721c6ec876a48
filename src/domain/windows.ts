import { timeZoneNamed } from './zoned.ts'

/**
 * Times of day at which a scheduled restart may happen: on `days` (1 is Monday, 7 Sunday), from the clock time `from` until
 * `to` of the zone. One that ends at or before its beginning goes on after midnight, and belongs to the day on which it
 * begins.
 */
export type Window = { days: readonly number[]; from: string; to: string; zone: string }

/** So many windows one add-on may have. */
const MOST_WINDOWS = 10
/** A worker looks every few seconds, and a window must hold a try that fails and the next. */
const LEAST_MINUTES = 15
const LONGEST_TEXT = 1_000

const DAYS = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'] as const
const NAMES = ['monday', 'tuesday', 'wednesday', 'thursday', 'friday', 'saturday', 'sunday'] as const
const EVERY_DAY = [1, 2, 3, 4, 5, 6, 7]
const FORM = 'such as "tue-thu 09:00-12:00 Europe/Berlin; sat 22:00-02:00 Europe/Berlin"'

/**
 * Reads windows parted by `;`, each of them days (`mon`, `mon,wed`, `fri-mon`, `daily`), times and an IANA time zone. The
 * empty text and the word `any` stand for no window: any time. The problem is a sentence that a customer can act on.
 */
export function parseWindows(text: string): { windows: Window[] } | { problem: string } {
  if (text.length > LONGEST_TEXT) return { problem: `must not be longer than ${LONGEST_TEXT} characters` }
  const parts = text
    .split(';')
    .map((part) => part.trim())
    .filter((part) => part !== '')
  if (parts.length === 0 || (parts.length === 1 && parts[0]?.toLowerCase() === 'any')) return { windows: [] }
  if (parts.length > MOST_WINDOWS) return { problem: `must not name more than ${MOST_WINDOWS} windows` }
  const read = parts.map(parseWindow)
  const problem = read.find((each) => 'problem' in each)
  if (problem && 'problem' in problem) return problem
  return { windows: read.flatMap((each) => ('window' in each ? [each.window] : [])) }
}

/** The text that `parseWindows` reads back to the same windows. */
export function formatWindows(windows: readonly Window[]): string {
  if (windows.length === 0) return 'any'
  return windows.map(({ days, from, to, zone }) => `${daysText(days)} ${from}-${to} ${zone}`).join('; ')
}

function parseWindow(written: string): { window: Window } | { problem: string } {
  // As people and their word processors write it: "mon, wed 9:00 – 12:00".
  const text = written.replaceAll(/\s*[-–]\s*/g, '-').replaceAll(/\s*,\s*/g, ',')
  const match = /^([a-z,-]+)\s+(\d{1,2}:\d{2})-(\d{1,2}:\d{2})(?:\s+(\S+))?$/i.exec(text)
  if (!match) return { problem: `must be days, times and a time zone, ${FORM}` }
  const [, days = '', first = '', last = '', zoneText] = match
  const found = parseDays(days.toLowerCase())
  if (!found) return { problem: 'must name days as mon, tue, wed, thu, fri, sat, sun, or daily' }
  const [from, to] = [clockTime(first), clockTime(last)]
  if (from === undefined || to === undefined || from === '24:00') {
    return { problem: 'must have times from 00:00 to 24:00, such as 09:00-12:00' }
  }
  if (from === to) {
    return { problem: 'must end at another time than it begins; a whole day is 00:00-24:00' }
  }
  if (minutesBetween(from, to) < LEAST_MINUTES) {
    return { problem: `must be open for at least ${LEAST_MINUTES} minutes` }
  }
  if (zoneText === undefined) return { problem: `must name a time zone, ${FORM}` }
  const zone = timeZoneNamed(zoneText)
  if (zone === undefined) {
    return { problem: 'must name an IANA time zone, such as Europe/Berlin, America/New_York or UTC' }
  }
  return { window: { days: found, from, to, zone } }
}

function parseDays(text: string): number[] | undefined {
  if (text === 'daily') return EVERY_DAY
  const days = new Set<number>()
  for (const part of text.split(',')) {
    const [first, last = first, more] = part.split('-')
    const [from, to] = [dayNumber(first), dayNumber(last)]
    if (from === undefined || to === undefined || more !== undefined) return undefined
    // From Friday to Monday goes over the end of the week.
    const steps = (to - from + 7) % 7
    for (let step = 0; step <= steps; step += 1) days.add(((from - 1 + step) % 7) + 1)
  }
  return [...days].sort((a, b) => a - b)
}

function dayNumber(name = ''): number | undefined {
  const index = DAYS.findIndex((day, place) => day === name || NAMES[place] === name)
  return index < 0 ? undefined : index + 1
}

function clockTime(text: string): string | undefined {
  const [hours = '', minutes = ''] = text.split(':')
  const time = `${hours.padStart(2, '0')}:${minutes}`
  return time <= '24:00' && minutes <= '59' ? time : undefined
}

/** As the clock shows them on a day like any other. */
function minutesBetween(from: string, to: string): number {
  const minutes = (time: string) => Number(time.slice(0, 2)) * 60 + Number(time.slice(3))
  return (minutes(to) - minutes(from) + MINUTES_OF_DAY) % MINUTES_OF_DAY || MINUTES_OF_DAY
}

const MINUTES_OF_DAY = 1_440

function daysText(days: readonly number[]): string {
  if (days.length === 7) return 'daily'
  const name = (day: number) => DAYS[day - 1] ?? ''
  const [first = 1] = days
  const last = days.at(-1) ?? first
  const isRun = days.length > 2 && last - first === days.length - 1
  return isRun ? `${name(first)}-${name(last)}` : days.map(name).join(',')
}
