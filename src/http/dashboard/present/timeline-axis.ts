import { dayWords } from './time-words.ts'

const HOUR_MS = 3_600_000
const DAY_MS = 24 * HOUR_MS
const STEPS_MS = [1, 3, 6, 12, 24, 48, 96, 168, 336, 672, 2_184, 8_736].map((hours) => hours * HOUR_MS)
const MOST_TICKS = 4

/** Round moments between two times, few enough to be labelled on a phone. */
export function axisTicks(from: Date, to: Date): { at: Date; label: string }[] {
  const span = to.getTime() - from.getTime()
  const step = STEPS_MS.find((each) => span / each <= MOST_TICKS) ?? STEPS_MS.at(-1) ?? DAY_MS
  const ticks: { at: Date; label: string }[] = []
  for (let ms = Math.ceil(from.getTime() / step) * step; ms <= to.getTime(); ms += step) {
    const at = new Date(ms)
    ticks.push({ at, label: step < DAY_MS ? at.toISOString().slice(11, 16) : dayWords(at) })
    if (ticks.length > MOST_TICKS) break
  }
  return ticks
}
