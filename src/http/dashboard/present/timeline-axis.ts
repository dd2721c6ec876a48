import { clockWords, dayWords, monthWords, weekdayWords } from './time-words.ts'

/** What a label of the axis tells: enough to tell each tick from the others, and no more. */
export type AxisForm = 'second' | 'minute' | 'weekday' | 'day' | 'month' | 'year'
export type Axis = { form: AxisForm; ticks: Date[] }

type Step = {
  form: AxisForm
  /** The shortest time between two ticks. */
  leastMs: number
  /** The first tick at or after a time. */
  from: (ms: number) => Date
}

const SECOND_MS = 1_000
const MINUTE_MS = 60 * SECOND_MS
const HOUR_MS = 60 * MINUTE_MS
const DAY_MS = 24 * HOUR_MS
const LEAST_DAYS: Readonly<Record<number, number>> = { 1: 28, 2: 59, 3: 90, 6: 181 }

/**
 * From fine to coarse. A step is used up to `MOST_STEPS` of it, and each is so near to the one before that at least two
 * ticks of it fall into any time that is too long for that one.
 */
const STEPS: readonly Step[] = [
  ...[1, 2, 3, 5, 10, 15, 30].map((count) => fixed('second', count * SECOND_MS)),
  ...[1, 2, 3, 5, 10, 15, 30].map((count) => fixed('minute', count * MINUTE_MS)),
  ...[1, 2, 3, 6].map((count) => fixed('minute', count * HOUR_MS)),
  fixed('weekday', 12 * HOUR_MS),
  ...[1, 2, 4, 7, 14].map((count) => fixed('day', count * DAY_MS)),
  ...[1, 2, 3, 6].map((count) => months('month', count)),
  ...[1, 2, 4, 8, 16, 32].map((count) => months('year', 12 * count)),
]

/** How many steps a phone has room for, by the width of their labels. */
const MOST_STEPS: Readonly<Record<AxisForm, number>> = {
  second: 4,
  minute: 4,
  weekday: 4,
  day: 5,
  month: 4.4,
  year: 5,
}
const MOST_TICKS = 5

/** Two to five round moments between two times that are at least two seconds apart. */
export function axisOf(from: Date, to: Date): Axis {
  const span = to.getTime() - from.getTime()
  const fits = ({ form, leastMs }: Step) => span < MOST_STEPS[form] * leastMs
  const step = STEPS.find(fits) ?? months('year', 12 * 64)
  const ticks: Axis['ticks'] = []
  for (let at = step.from(from.getTime()); at <= to && ticks.length < MOST_TICKS; ) {
    ticks.push(at)
    at = step.from(at.getTime() + 1)
  }
  return { form: step.form, ticks }
}

function fixed(form: AxisForm, stepMs: number): Step {
  return { form, leastMs: stepMs, from: (ms) => new Date(Math.ceil(ms / stepMs) * stepMs) }
}

function months(form: AxisForm, count: number): Step {
  function from(ms: number): Date {
    const time = new Date(ms)
    // Counted from the year 0, so that steps of years fall on round ones.
    const month = time.getUTCFullYear() * 12 + time.getUTCMonth()
    const begun = startOfMonth(Math.floor(month / count) * count)
    return begun >= time ? begun : startOfMonth((Math.floor(month / count) + 1) * count)
  }
  return { form, leastMs: (LEAST_DAYS[count] ?? (count / 12) * 365) * DAY_MS, from }
}

/** Of the month with this number, counted from the year 0. */
function startOfMonth(month: number): Date {
  return new Date(Date.UTC(Math.floor(month / 12), month % 12))
}

/** A moment in UTC as a label of the axis tells it. */
export function axisLabel(at: Date, form: AxisForm): string {
  switch (form) {
    case 'second':
    case 'minute':
      return clockWords(at, form)
    case 'weekday':
      return `${weekdayWords(at)} ${clockWords(at, 'minute')}`
    case 'day':
      return dayWords(at)
    case 'month':
      return monthWords(at)
    case 'year':
      return String(at.getUTCFullYear())
  }
}
