import type { Dispatcher } from 'undici'
import { type Connections, resetCodeOf } from './dispatcher.ts'

/** A request as it goes out. `origin` without a path; `path` starts with a slash. */
export type HttpRequest = {
  origin: string
  method: 'GET' | 'POST' | 'PATCH' | 'PUT'
  path: string
  headers: Record<string, string>
  body: string | null
}

/** A whole answer. */
export type HttpAnswer = {
  status: number
  headers: Readonly<Record<string, string | string[] | undefined>>
  text: string
}

/** Sends a request and reads the whole answer. Rejects when there is none, when time is over, or with the signal. */
export type SendRequest = (request: HttpRequest, signal: AbortSignal | undefined) => Promise<HttpAnswer>

/** The connection was reset before a byte of an answer came, as happens to an idle one that the other side has closed. */
export class ConnectionResetError extends Error {
  readonly code: string

  constructor(code: string) {
    super('the connection was reset before an answer')
    this.name = 'ConnectionResetError'
    this.code = code
  }
}

/** A call is given up at its time limit, or up to so much of it earlier. */
const PRECISION = 1 / 20

/**
 * Requests by undici's `dispatch` and a handler of our own: `request` builds a stream for each answer, which costs as
 * much as half a rotation. `timeoutMs` bounds the whole of a call, however slowly its answer trickles in.
 */
export function createSendRequest(dispatcher: Pick<Connections, 'dispatch'>, timeoutMs: number): SendRequest {
  const deadlines = createDeadlines(timeoutMs)
  const callsOf = createCallsBySignal()
  return (request, signal) => {
    const { promise, resolve, reject } = Promise.withResolvers<HttpAnswer>()
    let controller: Dispatcher.DispatchController | undefined
    let ended = false
    let status = 0
    let headers: HttpAnswer['headers'] = {}
    const chunks: Buffer[] = []
    const calls = signal && callsOf(signal)

    function end(): boolean {
      if (ended) return false
      ended = true
      deadlines.delete(giveUp)
      calls?.delete(abort)
      return true
    }
    function fail(error: Error): void {
      if (!end()) return
      reject(error)
      controller?.abort(error)
    }
    function giveUp(): void {
      fail(new DOMException('time is over', 'TimeoutError'))
    }
    function abort(): void {
      fail(new DOMException('the caller gave up', 'AbortError'))
    }

    deadlines.add(giveUp)
    calls?.add(abort)
    if (signal?.aborted) abort()
    if (ended) return promise
    try {
      dispatcher.dispatch(request, {
        onRequestStart(started) {
          controller = started
          if (ended) started.abort(new DOMException('the call has ended', 'AbortError'))
        },
        onResponseStart(_controller, statusCode, received) {
          status = statusCode
          headers = received
        },
        onResponseData(_controller, chunk) {
          chunks.push(chunk)
        },
        onResponseEnd() {
          if (end()) resolve({ status, headers, text: textOf(chunks) })
        },
        onResponseError(_controller, error) {
          const code = resetCodeOf(error)
          fail(status === 0 && code ? new ConnectionResetError(code) : error)
        },
      })
    } catch (error) {
      fail(error instanceof Error ? error : new Error('the request was not taken'))
    }
    return promise
  }
}

function textOf(chunks: readonly Buffer[]): string {
  const [first] = chunks
  return (chunks.length === 1 && first ? first : Buffer.concat(chunks)).toString()
}

/** Calls back whatever is still in it when `ms` have passed: one timer for all, since one for each costs like a call. */
function createDeadlines(ms: number) {
  const stepMs = Math.max(1, ms * PRECISION)
  const lastStep = Math.ceil(ms / stepMs)
  const waiting = new Map<() => void, number>()
  let step = 0
  let timer: NodeJS.Timeout | undefined

  function look(): void {
    step += 1
    // In the order of their beginnings, so the first that has time left ends the look.
    for (const [callBack, endsAtStep] of waiting) {
      if (endsAtStep > step) break
      callBack()
    }
    if (waiting.size > 0) return
    clearInterval(timer)
    timer = undefined
  }

  return {
    add(callBack: () => void): void {
      waiting.set(callBack, step + lastStep)
      timer ??= setInterval(look, stepMs).unref()
    },
    delete(callBack: () => void): void {
      waiting.delete(callBack)
    },
  }
}

/** The calls that end with a signal: one listener for all, since one for each outlives the call in the garbage. */
function createCallsBySignal() {
  const bySignal = new WeakMap<AbortSignal, Set<() => void>>()
  return (signal: AbortSignal): Set<() => void> => {
    const known = bySignal.get(signal)
    if (known) return known
    const calls = new Set<() => void>()
    bySignal.set(signal, calls)
    signal.addEventListener('abort', () => {
      for (const abort of [...calls]) abort()
    })
    return calls
  }
}
