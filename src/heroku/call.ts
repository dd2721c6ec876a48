import type { FailureKind, HerokuFailure, HerokuResult } from '../domain/heroku-failure.ts'
import { causeOf, type Operation } from '../domain/trouble.ts'
import type { CallBudget } from './call-budget.ts'
import { ConnectionResetError, type HttpAnswer, type SendRequest } from './send-request.ts'
import { LONGEST_WAIT_MS, type TokenLimits } from './token-limits.ts'

/** One call: `path` starts with a slash; `body` goes out as it is, with its `content-type` among the headers. */
export type Call<T = unknown> = {
  method: 'GET' | 'POST' | 'PATCH' | 'PUT'
  path: string
  headers: Record<string, string>
  body?: string
  /** Whose call it is, by any name but a token, and what it does. One of nobody is neither limited nor judged. */
  about?: {
    resourceId: string
    operation: Operation
    /** Its access token was got just now. Any other may have come to its end, so a 401 says nothing of our account. */
    freshToken?: true
  }
  /** A refusal is an answer here, and says nothing of our account. */
  mayBeRefused?: true
  /** Whatever becomes of it says nothing of our account or of Heroku: no rotation needs what it asks for. */
  mayFail?: true
  /**
   * What the JSON of an answer says to this call; left out, the JSON itself. An answer that it cannot read is none, and its
   * owner is found like that of a 503: a maintenance page may come with status 200 too. `link`: its `Link` header.
   */
  read?: (body: unknown, link: string) => HerokuResult<T>
  /** A 2xx says all that there is to say: a body that is no JSON is read as null. */
  bodyIsOptional?: true
  /** Whoever calls looks by himself whether a write has arrived when the connection was reset. */
  resetIsReadBack?: true
  signal?: AbortSignal
}

/** Who judges whose failure it is when a call fails, and holds calls back while it is not their resources'. */
export type FailureJudge = {
  /** Milliseconds until such a call may be tried; 0 when it may go now. */
  waitMs: (operation: Operation, resourceId: string) => number | Promise<number>
  succeeded: (operation: Operation, resourceId: string) => undefined | Promise<void>
  /** Returns who is to blame, where it is proved that the resource is not. */
  failed: (
    operation: Operation,
    resourceId: string,
    failure: HerokuFailure,
  ) => Promise<'account' | 'host' | undefined>
}

export type CallOptions = {
  baseUrl: string
  sendRequest: SendRequest
  budget: CallBudget
  judge: FailureJudge
  userAgent: string
  limits: TokenLimits
  /** Why nobody may be called at all; undefined when calls may be made. */
  refusal: () => string | undefined | Promise<string | undefined>
  /** Told when several tokens have met a limit, so that every process slows down. */
  onRateLimited: (retryAfterMs: number) => Promise<void>
}

/** What a 2xx answer says, as the call reads it. Never throws. */
export type HerokuCall = <T = unknown>(call: Call<T>) => Promise<HerokuResult<T>>

const DEFAULT_RETRY_AFTER_MS = 60_000
const SHORTEST_RETRY_AFTER_MS = 1_000
const HOLD_BACK_MS = 5_000
/** When a resource that is not to blame is tried again. */
const TROUBLE_RETRY_MS = 20_000
const REFUSED_MS = 60_000
/** These are looked after by whoever makes them. */
const WRITES: readonly Call['method'][] = ['PATCH', 'PUT']

/** The one way out to Heroku: within the budget, not while Heroku is down, bounded in time, every failure told apart. */
export function createHerokuCall(options: CallOptions): HerokuCall {
  const { budget, judge, limits } = options
  const { origin } = new URL(options.baseUrl)

  async function permission(call: Call): Promise<HerokuResult<never> | undefined> {
    const refused = await refusalOf(options)
    if (refused) return notSent('held-back', refused, REFUSED_MS)
    const { about, signal } = call
    if (about) {
      const limitedMs = limits.waitMs(tokenOf(about))
      if (limitedMs > 0) return notSent('postponed', "the token's call limit is spent", limitedMs)
      const waitMs = await judge.waitMs(about.operation, about.resourceId)
      if (waitMs > 0) return notSent('held-back', 'Heroku or our account there is in trouble', waitMs)
    }
    try {
      if (await budget.acquire(signal)) return undefined
      return notSent('held-back', 'the call budget is spent', HOLD_BACK_MS)
    } catch {
      return notSent('held-back', 'no permission to call was to be had', HOLD_BACK_MS)
    }
  }

  async function sendOnce<T>(call: Call<T>): Promise<HerokuResult<T>> {
    const refusal = await permission(call)
    if (refusal) return refusal
    return await send(options, origin, call)
  }

  return async (call) => {
    let result = await sendOnce(call)
    // An idle connection that the other side has closed: nothing was answered, and asking again is harmless.
    if (isReset(result) && !WRITES.includes(call.method) && !call.signal?.aborted)
      result = await sendOnce(call)
    return await judged(judge, call, result)
  }
}

/** The result, with the owner of its failure where that is not the resource. */
async function judged<T>(
  judge: FailureJudge,
  call: Call<T>,
  result: HerokuResult<T>,
): Promise<HerokuResult<T>> {
  if (!call.about) return result
  const { operation, resourceId, freshToken } = call.about
  if (result.ok) {
    const noting = judge.succeeded(operation, resourceId)
    if (noting) await noting
    return result
  }
  const { failure } = result
  // What its caller gave up says nothing of Heroku.
  if (call.signal?.aborted || (call.resetIsReadBack && failure.reset)) return result
  if (call.mayFail) return result
  if (call.mayBeRefused && causeOf(operation, failure) === 'account') return result
  if (failure.kind === 'unauthorized' && operation !== 'token' && !freshToken) return result
  const owner = await judge.failed(operation, resourceId, failure)
  return owner ? { ok: false, failure: { ...failure, owner, retryAfterMs: TROUBLE_RETRY_MS } } : result
}

function isReset(result: HerokuResult<unknown>): boolean {
  return !result.ok && result.failure.reset === true
}

/** Each host counts a resource's calls for itself. */
function tokenOf({ operation, resourceId }: NonNullable<Call['about']>): string {
  return operation === 'token' ? `identity ${resourceId}` : resourceId
}

async function refusalOf({ refusal }: CallOptions): Promise<string | undefined> {
  try {
    return await refusal()
  } catch {
    return 'it could not be asked whether this installation may call'
  }
}

async function send<T>(options: CallOptions, origin: string, call: Call<T>): Promise<HerokuResult<T>> {
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
    const pauseMs = pauseAfter(options.limits, call, answer)
    if (pauseMs > 0) await options.onRateLimited(pauseMs).catch(() => undefined)
    if (answer.status >= 300) return statusFailure(answer)
    const body = call.bodyIsOptional ? jsonOrNull(answer.text) : JSON.parse(answer.text)
    return call.read ? call.read(body, String(answer.headers.link ?? '')) : { ok: true, value: body }
  } catch (error) {
    const reset = error instanceof ConnectionResetError ? { reset: true as const } : {}
    return { ok: false, failure: { kind: 'unavailable', detail: describeError(error), ...reset } }
  }
}

function jsonOrNull(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return null
  }
}

/** For how long all calls have to pause after an answer, by what it says of the limit. */
function pauseAfter(limits: TokenLimits, { about }: Call, { status, headers }: HttpAnswer): number {
  if (!about) return 0
  if (status === 429) return limits.refused(tokenOf(about), retryAfterMs(headers['retry-after']))
  const header = headers['ratelimit-remaining']
  const remaining = Number(header)
  return header === undefined || !Number.isFinite(remaining) ? 0 : limits.learn(tokenOf(about), remaining)
}

function statusFailure({ status, headers }: HttpAnswer): HerokuResult<never> {
  const kind = kindOfStatus(status)
  const requestId = /^[\w,-]{1,100}$/.exec(String(headers['request-id'] ?? ''))?.[0]
  const failure: HerokuFailure = { kind, detail: `Heroku answered ${status}`, status }
  if (requestId) failure.requestId = requestId
  if (kind === 'rate-limited') failure.retryAfterMs = retryAfterMs(headers['retry-after'])
  return { ok: false, failure }
}

/** A redirect and a 408 come from what stands in front of Heroku's API, which has not heard of the call. */
function kindOfStatus(status: number): FailureKind {
  if (status < 400 || status === 408) return 'unavailable'
  if (status === 401) return 'unauthorized'
  if (status === 404 || status === 410) return 'missing'
  if (status === 429) return 'rate-limited'
  return status >= 500 ? 'unavailable' : 'refused'
}

/** `Retry-After` in seconds (RFC 9110, section 10.2.3), from a second to an hour; Heroku does not use the date form. */
function retryAfterMs(header: string | string[] | undefined): number {
  const seconds = Number(header)
  if (header === undefined || !Number.isFinite(seconds) || seconds < 0) return DEFAULT_RETRY_AFTER_MS
  return Math.min(Math.max(seconds * 1_000, SHORTEST_RETRY_AFTER_MS), LONGEST_WAIT_MS)
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
