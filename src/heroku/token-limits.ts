/**
 * What Heroku says is left of its own limit: 4,500 calls an hour, refilled by 75 a minute (Platform API Reference).
 * Whether every token has its own pool or all share the partner's is not documented, so both are guarded: a token
 * that is nearly empty waits by itself, and a nearly empty pool slows everybody down before a 429 does.
 */
export type TokenLimits = {
  /** Milliseconds until a call with this token may be made; 0 when one may go now. */
  waitMs: (token: string) => number
  /** Takes note of a `RateLimit-Remaining`, a finite number. Returns for how long all calls should pause, 0 for not at all. */
  learn: (token: string, remaining: number) => number
}

const REFILL_PER_MS = 75 / 60_000
/** Left untouched, for people who work with the same account. */
const RESERVE_CALLS = 20
const MOST_TOKENS_KEPT = 10_000

/** Limits of one process; `token` is any name for it that is not the token itself. */
export function createTokenLimits(now: () => Date): TokenLimits {
  const known = new Map<string, { remaining: number; atMs: number }>()
  return {
    waitMs(token) {
      const seen = known.get(token)
      if (!seen) return 0
      const refilled = seen.remaining + (now().getTime() - seen.atMs) * REFILL_PER_MS
      return refilled >= 1 ? 0 : Math.ceil((1 - refilled) / REFILL_PER_MS)
    },
    learn(token, remaining) {
      if (remaining >= RESERVE_CALLS) {
        known.delete(token)
        return 0
      }
      if (known.size >= MOST_TOKENS_KEPT) known.clear()
      // Nothing is less than nothing: one wrong number must not stop anybody for days.
      const left = Math.max(0, remaining)
      known.set(token, { remaining: left, atMs: now().getTime() })
      return Math.ceil((RESERVE_CALLS - left) / REFILL_PER_MS)
    },
  }
}
