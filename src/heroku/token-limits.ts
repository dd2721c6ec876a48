/**
 * What Heroku says is left of its own limit: 4,500 calls an hour, refilled by 75 a minute (Platform API Reference).
 * Whether every token has its own pool or all share the partner's is not documented, so both are guarded: a token
 * that is nearly empty, or that was answered 429, waits by itself. Three of them within a minute make everybody wait.
 */
export type TokenLimits = {
  /** Milliseconds until a call with this token may be made; 0 when one may go now. */
  waitMs: (token: string) => number
  /** Takes note of a `RateLimit-Remaining`, a finite number. Returns for how long all calls should pause, 0 for not at all. */
  learn: (token: string, remaining: number) => number
  /** Takes note of a 429. Returns for how long all calls should pause, 0 for not at all. */
  refused: (token: string, retryAfterMs: number) => number
}

/** No token waits longer, whatever Heroku's headers say. */
export const LONGEST_WAIT_MS = 3_600_000

const REFILL_PER_MS = 75 / 60_000
/** Left untouched, for people who work with the same account. */
const RESERVE_CALLS = 20
const MOST_TOKENS_KEPT = 10_000
const TOKENS_FOR_ALL = 3
const TOGETHER_MS = 60_000

/** Limits of one process; `token` is any name for it that is not the token itself. */
export function createTokenLimits(now: () => Date): TokenLimits {
  const blockedUntil = new Map<string, number>()
  const limitedAt = new Map<string, number>()

  function block(token: string, ms: number): void {
    if (blockedUntil.size >= MOST_TOKENS_KEPT) blockedUntil.clear()
    blockedUntil.set(token, now().getTime() + Math.min(ms, LONGEST_WAIT_MS))
  }

  /** Whether several tokens have met their limit within a minute, so that it may be one for all. */
  function areSeveral(token: string): boolean {
    const nowMs = now().getTime()
    for (const [other, atMs] of limitedAt) if (nowMs - atMs > TOGETHER_MS) limitedAt.delete(other)
    limitedAt.delete(token)
    if (limitedAt.size < MOST_TOKENS_KEPT) limitedAt.set(token, nowMs)
    return limitedAt.size >= TOKENS_FOR_ALL
  }

  return {
    waitMs(token) {
      const untilMs = blockedUntil.get(token)
      if (untilMs === undefined) return 0
      // A clock that was put back must not make the wait longer.
      return Math.min(Math.max(0, untilMs - now().getTime()), LONGEST_WAIT_MS)
    },
    learn(token, remaining) {
      const left = Math.max(0, remaining)
      if (left >= RESERVE_CALLS) {
        blockedUntil.delete(token)
        return 0
      }
      if (left < 1) block(token, Math.ceil((1 - left) / REFILL_PER_MS))
      return areSeveral(token) ? Math.ceil((RESERVE_CALLS - left) / REFILL_PER_MS) : 0
    },
    refused(token, retryAfterMs) {
      block(token, retryAfterMs)
      return areSeveral(token) ? Math.min(retryAfterMs, LONGEST_WAIT_MS) : 0
    },
  }
}
