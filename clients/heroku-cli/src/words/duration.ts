const UNITS_MS = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000, w: 604_800_000 } as const

/** `90s`, `30m`, `48h`, `7d`, `2w` in milliseconds; undefined for anything else. */
export function parseDuration(text: string): number | undefined {
  const [, count, unit] = /^(\d{1,6})([smhdw])$/.exec(text.trim().toLowerCase()) ?? []
  return count === undefined || !isUnit(unit) ? undefined : Number(count) * UNITS_MS[unit]
}

/** A length of time in its largest unit: `12 days`, `5 hours`, `1 minute`. */
export function lengthWords(ms: number): string {
  const abs = Math.max(0, Math.round(Math.abs(ms) / 1_000))
  if (abs < 90) return counted(abs, 'second')
  if (abs < 90 * 60) return counted(Math.round(abs / 60), 'minute')
  if (abs < 36 * 3_600) return counted(Math.round(abs / 3_600), 'hour')
  return counted(Math.round(abs / 86_400), 'day')
}

function counted(count: number, unit: string): string {
  return `${count} ${unit}${count === 1 ? '' : 's'}`
}

function isUnit(unit: string | undefined): unit is keyof typeof UNITS_MS {
  return unit !== undefined && unit in UNITS_MS
}
