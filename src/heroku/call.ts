import type { FailureKind, HerokuFailure, HerokuResult } from '../domain/heroku-failure.ts'
import type { CallBudget } from './call-budget.ts'
import type { Circuit } from './circuit.ts'
import type { HttpAnswer, SendRequest } from './send-request.ts'
import type { TokenLimits } from './token-limits.ts'

/** One call: `path` starts with a slash; `body` goes out as it is, with its `content-type` among the headers. */
export type Call = {
  method: 'GET' | 'POST' | 'PATCH'
  path: string
  headers: Record<string, string>
  body?: string
  /** Whose token is used, by any name but the token itself; calls without one are not limited by token. */
  tokenOf?: string
  signal?: AbortSignal
}

export type CallOptions = {
  baseUrl: string
  sendRequest: SendRequest
  budget: CallBudget
  circuit: Circuit
  userAgent: string
  limits: TokenLimits
  /** Why nobody may be called at all; undefined when calls may be made. */
  refusal: () => string | undefined | Promise<string | undefined>
  /** Told when Heroku answers 429 or is about to, so that every process slows down. */
  onRateLimited: (retryAfterMs: number) => Promise<void>
}

/** The JSON of a 2xx answer, as unknown shape: whoever reads it checks it. Never throws. */
export type HerokuCall = (call: Call) => Promise<HerokuResult<unknown>>

const DEFAULT_RETRY_AFTER_MS = 60_000
const LONGEST_RETRY_AFTER_MS = 3_600_000
const HOLD_BACK_MS = 5_000
const REFUSED_MS = 60_000

/** The one way out to Heroku: within the budget, not while Heroku is down, bounded in time, every failure told apart. */
export function createHerokuCall(options: CallOptions): HerokuCall {
  const { budget, circuit } = options
  const { origin } = new URL(options.baseUrl)

  return async (call) => {
    const refused = await refusalOf(options)
    if (refused) return notSent('held-back', refused, REFUSED_MS)
    const limitedMs = call.tokenOf === undefined ? 0 : options.limits.waitMs(call.tokenOf)
    if (limitedMs > 0) return notSent('postponed', "the token's call limit is spent", limitedMs)
    const waitMs = circuit.waitMs()
    if (waitMs > 0) return notSent('held-back', 'Heroku is not answering', waitMs)
    try {
      if (!(await budget.acquire(call.signal))) {
        return notSent('held-back', 'the call budget is spent', HOLD_BACK_MS)
      }
    } catch {
      return notSent('held-back', 'no permission to call was to be had', HOLD_BACK_MS)
    }
    const result = await send(options, origin, call)
    circuit.record(result.ok || result.failure.kind !== 'unavailable' || call.signal?.aborted === true)
    if (!result.ok && result.failure.kind === 'rate-limited') {
      await options
        .onRateLimited(result.failure.retryAfterMs ?? DEFAULT_RETRY_AFTER_MS)
        .catch(() => undefined)
    }
    return result
  }
}

async function refusalOf({ refusal }: CallOptions): Promise<string | undefined> {
  try {
    return await refusal()
  } catch {
    return 'it could not be asked whether this installation may call'
  }
}

async function send(options: CallOptions, origin: string, call: Call): Promise<HerokuResult<unknown>> {
  try {
    const answer = await options.sendRequest(
      {
        origin,
        method: call.method,
        path: call.path,
        headers: { 'user-agent': options.userAgent, ...call.headers },
        body: call.body ?? null,
      },
      call.signal,
    )
    const pause = learnLimit(options, call, answer)
    if (pause) await pause
    if (answer.status >= 300) return statusFailure(answer)
    return { ok: true, value: JSON.parse(answer.text) }
  } catch (error) {
    return { ok: false, failure: { kind: 'unavailable', detail: describeError(error) } }
  }
}

/** Takes note of what Heroku says is left, and tells every process when it is little. */
function learnLimit(options: CallOptions, call: Call, { headers }: HttpAnswer): Promise<void> | undefined {
  const header = headers['ratelimit-remaining']
  if (call.tokenOf === undefined || header === undefined) return undefined
  const remaining = Number(header)
  if (!Number.isFinite(remaining)) return undefined
  const pauseMs = options.limits.learn(call.tokenOf, remaining)
  return pauseMs > 0 ? options.onRateLimited(pauseMs).catch(() => undefined) : undefined
}

function statusFailure({ status, headers }: HttpAnswer): HerokuResult<never> {
  const kind = kindOfStatus(status)
  const requestId = /^[\w,-]{1,100}$/.exec(String(headers['request-id'] ?? ''))?.[0]
  const failure: HerokuFailure = { kind, detail: `Heroku answered ${status}`, status }
  if (requestId) failure.requestId = requestId
  if (kind === 'rate-limited') failure.retryAfterMs = retryAfterMs(headers['retry-after'])
  return { ok: false, failure }
}

function kindOfStatus(status: number): FailureKind {
  if (status === 401) return 'unauthorized'
  if (status === 404 || status === 410) return 'missing'
  if (status === 429) return 'rate-limited'
  return status >= 500 ? 'unavailable' : 'refused'
}

/** `Retry-After` in seconds (RFC 9110, section 10.2.3); Heroku does not use the date form. */
function retryAfterMs(header: string | string[] | undefined): number {
  const seconds = Number(header)
  if (header === undefined || !Number.isFinite(seconds) || seconds < 0) return DEFAULT_RETRY_AFTER_MS
  return Math.min(seconds * 1_000, LONGEST_RETRY_AFTER_MS)
}

/** The name and code of an error, never its message: that may quote an address or an answer. */
function describeError(error: unknown): string {
  if (error instanceof SyntaxError) return 'the answer is not JSON'
  if (!(error instanceof Error)) return 'no answer'
  const code = 'code' in error && typeof error.code === 'string' ? ` ${error.code}` : ''
  return `no answer: ${error.name}${code}`
}

function notSent(kind: FailureKind, detail: string, waitMs: number): HerokuResult<never> {
  return { ok: false, failure: { kind, detail, retryAfterMs: waitMs } }
}
