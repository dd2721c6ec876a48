import { type Dispatcher, request } from 'undici'
import type { FailureKind, HerokuFailure, HerokuResult } from '../domain/heroku-failure.ts'
import type { CallBudget } from './call-budget.ts'
import type { Circuit } from './circuit.ts'
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
  dispatcher: Dispatcher
  budget: CallBudget
  circuit: Circuit
  userAgent: string
  callTimeoutMs: number
  limits: TokenLimits
  /** Told when Heroku answers 429 or is about to, so that every process slows down. */
  onRateLimited: (retryAfterMs: number) => Promise<void>
}

/** The JSON of a 2xx answer, as unknown shape: whoever reads it checks it. Never throws. */
export type HerokuCall = (call: Call) => Promise<HerokuResult<unknown>>

const DEFAULT_RETRY_AFTER_MS = 60_000
const LONGEST_RETRY_AFTER_MS = 3_600_000
const HOLD_BACK_MS = 5_000

/** The one way out to Heroku: within the budget, not while Heroku is down, bounded in time, every failure told apart. */
export function createHerokuCall(options: CallOptions): HerokuCall {
  const { budget, circuit } = options

  return async (call) => {
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
    const result = await send(options, call)
    circuit.record(result.ok || result.failure.kind !== 'unavailable' || call.signal?.aborted === true)
    if (!result.ok && result.failure.kind === 'rate-limited') {
      await options
        .onRateLimited(result.failure.retryAfterMs ?? DEFAULT_RETRY_AFTER_MS)
        .catch(() => undefined)
    }
    return result
  }
}

async function send(options: CallOptions, call: Call): Promise<HerokuResult<unknown>> {
  const limit = createCallLimit(options.callTimeoutMs, call.signal)
  try {
    const response = await request(new URL(call.path, options.baseUrl), {
      dispatcher: options.dispatcher,
      method: call.method,
      headers: { 'user-agent': options.userAgent, ...call.headers },
      body: call.body ?? null,
      signal: limit.signal,
    })
    const text = await response.body.text()
    await learnLimit(options, call, response)
    if (response.statusCode >= 300) return statusFailure(response)
    return { ok: true, value: JSON.parse(text) }
  } catch (error) {
    return { ok: false, failure: { kind: 'unavailable', detail: describeError(error) } }
  } finally {
    limit.end()
  }
}

/** Ends a call with `signal` or when its time is over. By hand: `AbortSignal.any` and `timeout` cost more than a call. */
function createCallLimit(ms: number, signal: AbortSignal | undefined) {
  const controller = new AbortController()
  const abort = () => controller.abort()
  const timer = setTimeout(() => controller.abort(new DOMException('time is over', 'TimeoutError')), ms)
  signal?.addEventListener('abort', abort)
  if (signal?.aborted) abort()
  return {
    signal: controller.signal,
    end() {
      clearTimeout(timer)
      signal?.removeEventListener('abort', abort)
    },
  }
}

async function learnLimit(
  options: CallOptions,
  call: Call,
  response: Dispatcher.ResponseData,
): Promise<void> {
  const header = response.headers['ratelimit-remaining']
  if (call.tokenOf === undefined || header === undefined) return
  const remaining = Number(header)
  if (!Number.isFinite(remaining)) return
  const pauseMs = options.limits.learn(call.tokenOf, remaining)
  if (pauseMs > 0) await options.onRateLimited(pauseMs).catch(() => undefined)
}

function statusFailure(response: Dispatcher.ResponseData): HerokuResult<never> {
  const { statusCode, headers } = response
  const kind = kindOfStatus(statusCode)
  const requestId = /^[\w,-]{1,100}$/.exec(String(headers['request-id'] ?? ''))?.[0]
  const failure: HerokuFailure = { kind, detail: `Heroku answered ${statusCode}`, status: statusCode }
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
