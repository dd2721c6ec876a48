import { type GracePeriod, graceEndsAt } from './grace.ts'

/**
 * So long after its successor was published apps may still sign with a key: they restart, and libraries go on with the key
 * that all processes know (the settle time). An old key is kept so much longer than a stated life, as long as there is room.
 */
export const SIGNS_ON_MS = 6 * 3_600_000

/** What the end of an old key depends on. */
export type KeepingTerms = { grace: GracePeriod; tokenLifeMs: number | null }

/**
 * When a key ends whose successor was published at `publishedAt`: after its grace period or, where a life is stated, once
 * all that it signed has ended, whichever is later.
 */
export function oldKeyEndsAt(
  { grace, tokenLifeMs }: KeepingTerms,
  publishedAt: Date,
  nextRotationAt: Date,
): Date {
  const ends = graceEndsAt(grace, publishedAt, nextRotationAt)
  return tokenLifeMs === null ? ends : theLater(ends, lifeEndsAt(tokenLifeMs, publishedAt))
}

/** When a key may go with which apps signed until that moment. */
export function lifeEndsAt(tokenLifeMs: number, signedUntil: Date): Date {
  return new Date(signedUntil.getTime() + tokenLifeMs + SIGNS_ON_MS)
}

/** The later of two moments. */
export function theLater(a: Date, b: Date): Date {
  return a > b ? a : b
}

/** The earlier of two moments. */
export function theEarlier(a: Date, b: Date): Date {
  return a < b ? a : b
}
