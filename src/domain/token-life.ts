import { formatDuration, parseDuration } from './duration.ts'
import { MOST_KEYS, roomForOld } from './keyring-room.ts'
import type { KeepingTerms } from './old-key-end.ts'
import type { Plan } from './plan.ts'

/** The words that stand for "none is stated". */
const OFF_WORDS = ['off', 'none']
const PLANS_NAMED = 2

/** Reads a duration, or `off`. The problem is a sentence that a customer can act on. */
export function parseTokenLife(text: string): { tokenLifeMs: number | null } | { problem: string } {
  if (OFF_WORDS.includes(text.trim().toLowerCase())) return { tokenLifeMs: null }
  const tokenLifeMs = parseDuration(text)
  if (tokenLifeMs !== undefined) return { tokenLifeMs }
  return { problem: 'must be a duration such as 30d or 36h, or the word "off"' }
}

/** The text that `parseTokenLife` reads back to the same life. */
export function formatTokenLife(tokenLifeMs: number | null): string {
  return tokenLifeMs === null ? 'off' : formatDuration(tokenLifeMs)
}

/** How many keys a stated life takes: those that signed within it, the one that signs, and the next one if announced. */
export function keysNeeded(lifeMs: number, periodMs: number, announcesNext: boolean): number {
  return Math.ceil(lifeMs / periodMs) + 1 + (announcesNext ? 1 : 0)
}

/**
 * Why a keyring has no room for what a stated life takes: the sum, and what would do instead, as the end of a sentence whose
 * subject is the life or, where that is longer, the grace period. Undefined: it has, or no life is stated.
 */
export function tooManyKeys(
  {
    grace,
    tokenLifeMs,
    periodMs,
    announcesNext,
  }: KeepingTerms & { periodMs: number; announcesNext: boolean },
  plans: readonly Plan[],
): string | undefined {
  if (tokenLifeMs === null) return undefined
  // An old key is kept for the longer of the two.
  const keptMs = Math.max(tokenLifeMs, grace.until === 'elapsed' ? grace.ms : 0)
  const needed = keysNeeded(keptMs, periodMs, announcesNext)
  if (needed <= MOST_KEYS) return undefined
  const next = announcesNext ? ', the announced one included' : ''
  const sum = `needs ${needed} keys${next} when they rotate every ${formatDuration(periodMs)}, and at most ${MOST_KEYS} are kept`
  const better = plans
    .map(({ name, periodMs: each }) => ({ name, each, needs: keysNeeded(keptMs, each, announcesNext) }))
    .filter(({ needs }) => needs <= MOST_KEYS)
    .sort((a, b) => a.each - b.each)
    .slice(0, PLANS_NAMED)
    .map(({ name, needs }) => `the plan ${name} takes ${needs}`)
  const mostMs = periodMs * roomForOld(announcesNext)
  return `${sum}: ${[...better, `this plan keeps them for ${formatDuration(mostMs)} at most`].join(', ')}`
}
