/**
 * Why a call to Heroku did not succeed.
 * - `unauthorized`: 401, the access token is not taken
 * - `missing`: 404 or 410, the resource is gone there
 * - `rate-limited`: 429
 * - `refused`: any other 4xx; not applied
 * - `unavailable`: 3xx, 408, 5xx, no answer, or an answer that cannot be read; **may have been applied**
 * - `mismatch`: a readable answer that does not hold what was sent
 * - `postponed`: not sent, because this resource has to wait (its token is just being got by somebody else)
 * - `held-back`: not sent, because nobody may call at the moment: the budget is spent, or a host or our account is in trouble
 * - `refresh-refused`: not sent, because Heroku does not take the refresh token (or our client secret)
 * - `no-access-token`: not sent, because the grant was lost before it could be exchanged
 * - `unreadable`: not sent, because a sealed value of ours does not open
 * - `own-key`: not sent, because the customer's own key, without which nothing opens, cannot be used just now
 * - `not-offered`: not sent, because the partner API in use has no such call
 */
export type FailureKind = (typeof FAILURE_KINDS)[number]

export const FAILURE_KINDS = [
  'unauthorized',
  'missing',
  'rate-limited',
  'refused',
  'unavailable',
  'mismatch',
  'postponed',
  'held-back',
  'refresh-refused',
  'no-access-token',
  'unreadable',
  'own-key',
  'not-offered',
] as const

/** A failed call, told without bodies or headers: `detail` is a short phrase of ours and never quotes Heroku's answer. */
export type HerokuFailure = {
  kind: FailureKind
  detail: string
  status?: number
  requestId?: string
  retryAfterMs?: number
  /** Only where it is not the resource's own (`trouble.ts`): then it costs the resource no attempt. */
  owner?: 'account' | 'host'
  /** The connection was reset before any answer came. */
  reset?: true
}

/** The value of a call, or why there is none. */
export type HerokuResult<T> = { ok: true; value: T } | { ok: false; failure: HerokuFailure }

/**
 * Whether the failure says "not now" rather than "no", or is not the resource's own: it is no attempt, and the same call
 * is made again soon.
 */
export function costsNoAttempt({ kind, owner }: HerokuFailure): boolean {
  return owner !== undefined || NO_ATTEMPT.includes(kind)
}

const NO_ATTEMPT: readonly FailureKind[] = ['postponed', 'held-back', 'rate-limited', 'own-key']

/** A failed attempt as it is kept: `at` is an ISO date. */
export type Failure = { at: string; kind: FailureKind; detail: string; status?: number; requestId?: string }

/** What is kept of a failed call. */
export function keptFailure({ kind, detail, status, requestId }: HerokuFailure, now: Date): Failure {
  return {
    at: now.toISOString(),
    kind,
    detail,
    ...(status === undefined ? {} : { status }),
    ...(requestId === undefined ? {} : { requestId }),
  }
}

/** One line for logs and for operators. */
export function describeFailure(
  failure: Pick<HerokuFailure, 'kind' | 'detail' | 'status' | 'requestId'>,
): string {
  const status = failure.status === undefined ? '' : ` (status ${failure.status})`
  const request = failure.requestId === undefined ? '' : ` [request ${failure.requestId}]`
  return `${failure.kind}: ${failure.detail}${status}${request}`
}
