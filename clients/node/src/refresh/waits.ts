const LEAST_WAIT_MS = 1_000
const LEAST_REFRESH_MS = 60_000
const MOST_REFRESH_MS = 3_600_000
const MOST_RETRY_AFTER_MS = 3_600_000
const MOST_BACK_OFF_MS = 300_000
const MOST_REVOKED_MS = 60_000
const REVOKED_MS = 10_000
const MINUTE_MS = 60_000
const AFTER_ROTATION_MS = 10 * MINUTE_MS
const DIGITS = /^\d{1,9}$/
const HTTP_DATE = /^(Mon|Tue|Wed|Thu|Fri|Sat|Sun), \d\d [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d GMT$/

/** What a keyring says of the time in which another may come. */
export type Dates = { nextRotationMs: number | undefined; settleEndsMs: number | undefined }

/** Milliseconds to the next request after an answer that was none the worse: with jitter, so that processes spread out. */
export function waitAfterAnswer(
  refreshAfter: string | undefined,
  { nextRotationMs, settleEndsMs }: Dates,
  nowMs: number,
  random: () => number,
): number {
  const told =
    refreshAfter !== undefined && DIGITS.test(refreshAfter) ? Number(refreshAfter) * 1_000 : Infinity
  const plain = clamp(told, LEAST_REFRESH_MS, MOST_REFRESH_MS) * (0.9 + 0.2 * random())
  const waits = [plain]
  if (settleEndsMs !== undefined) waits.push(settleEndsMs - nowMs + 1_000)
  if (nextRotationMs !== undefined) {
    const ahead = nextRotationMs - nowMs
    if (ahead > 0) waits.push(ahead + MINUTE_MS * random())
    else if (ahead > -AFTER_ROTATION_MS) waits.push((MINUTE_MS / 2) * (1 + random()))
  }
  // A clock that tells no time must not make it ask all the time.
  return Math.max(LEAST_WAIT_MS, Math.min(...waits.filter(Number.isFinite)))
}

/** Milliseconds to the next request after the `inARow`th failure: longer and longer, and spread over all of that time. */
export function waitAfterFailure(inARow: number, retryMs: number, random: () => number): number {
  const most = Math.min(MOST_BACK_OFF_MS, 1_000 * 2 ** Math.min(inARow, 30))
  return Math.max(LEAST_WAIT_MS, random() * most, retryMs)
}

/** Milliseconds to the next request while revoked keys have no successors. */
export function waitWhileRevoked(
  retryAfter: string | undefined,
  nowMs: number,
  random: () => number,
): number {
  const told = retryAfterMs(retryAfter, nowMs)
  return clamp(told ?? REVOKED_MS, LEAST_WAIT_MS, MOST_REVOKED_MS) * (1 + 0.1 * random())
}

/** What `Retry-After` says (RFC 9110, 10.2.3), an hour at the most. Undefined for none, and for one that says nothing. */
export function retryAfterMs(text: string | undefined, nowMs: number): number | undefined {
  if (text === undefined) return undefined
  const ms = DIGITS.test(text)
    ? Number(text) * 1_000
    : HTTP_DATE.test(text)
      ? Date.parse(text) - nowMs
      : Number.NaN
  return Number.isNaN(ms) ? undefined : clamp(ms, 0, MOST_RETRY_AFTER_MS)
}

function clamp(value: number, least: number, most: number): number {
  return Math.min(most, Math.max(least, value))
}
