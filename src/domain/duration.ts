const UNIT_MS: Readonly<Record<string, number>> = {
  s: 1_000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
  w: 604_800_000,
}

/** Ten years: past this a number is a typing error, and dates stay far from the limits of `Date`. */
const LONGEST_MS = 3_650 * 86_400_000

/**
 * Milliseconds of a duration such as `30s`, `15m`, `48h`, `14d` or `2w`: a whole number above zero and one unit.
 * Answers undefined for anything else, so that the caller can say which setting or option was wrong.
 */
export function parseDuration(text: string): number | undefined {
  const match = /^([0-9]{1,9})([smhdw])$/.exec(text.trim().toLowerCase())
  const unitMs = UNIT_MS[match?.[2] ?? '']
  if (!match || unitMs === undefined) return undefined
  const ms = Number(match[1]) * unitMs
  return ms > 0 && ms <= LONGEST_MS ? ms : undefined
}

/** The shortest exact text of a duration in the grammar of `parseDuration`: 172800000 gives `2d`. */
export function formatDuration(ms: number): string {
  for (const unit of ['d', 'h', 'm'] as const) {
    const unitMs = UNIT_MS[unit] ?? 1
    if (ms >= unitMs && ms % unitMs === 0) return `${ms / unitMs}${unit}`
  }
  return `${Math.round(ms / 1_000)}s`
}
