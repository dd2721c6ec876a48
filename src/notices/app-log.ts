import { Agent, request } from 'undici'
import { type LogEntry, type LogSource, logplexFrames } from './logplex-frames.ts'

/**
 * What became of lines for an app's log:
 * - `written`
 * - `refused`: Logplex answered 4xx, as it does where the address is no longer the present one
 * - `not-logplex`: the address is none of Logplex, and nothing was sent
 * - `failed`: no answer, or another one; the lines may have arrived
 */
export type LogWrite =
  | { outcome: 'written' }
  | { outcome: 'refused'; status: number }
  | { outcome: 'not-logplex' }
  | { outcome: 'failed'; status: number | null; retryAfterMs?: number }

/** The log of an app at Logplex. `url` is a secret: it holds the credentials. */
export type AppLog = {
  write: (url: string, entries: readonly LogEntry[], host: string, signal: AbortSignal) => Promise<LogWrite>
  close: () => Promise<void>
}

export type AppLogOptions = {
  /** Beside Logplex itself: where a stand-in for it listens, on a loopback address; undefined in production. */
  standIn?: string | undefined
  process: string
  userAgent: string
}

const CONNECTIONS = 20
const CONNECT_TIMEOUT_MS = 5_000
const ANSWER_TIMEOUT_MS = 8_000
const LONGEST_ANSWER_BYTES = 65_536
/** Heroku's own: `https://token:t.…@1.us.logplex.io/logs`. */
const LOGPLEX_HOST = /^(?:[a-z0-9-]+\.)+logplex\.io$/

/**
 * Writes lines into the log of an app (Add-on Partner Log Integration). Only Logplex is ever written to, by https and its
 * usual port, whatever address somebody has managed to store; a redirect is followed nowhere.
 */
export function createAppLog({ standIn, process, userAgent }: AppLogOptions): AppLog {
  const agent = new Agent({
    connections: CONNECTIONS,
    pipelining: 1,
    connect: { timeout: CONNECT_TIMEOUT_MS },
    headersTimeout: ANSWER_TIMEOUT_MS,
    bodyTimeout: ANSWER_TIMEOUT_MS,
    maxResponseSize: LONGEST_ANSWER_BYTES,
  })

  return {
    async write(url, entries, host, signal) {
      const place = placeOf(url, standIn)
      if (!place) return { outcome: 'not-logplex' }
      const source: LogSource = { host, process }
      const body = logplexFrames(entries, source)
      try {
        const answer = await request(place.url, {
          dispatcher: agent,
          method: 'POST',
          headers: {
            authorization: place.authorization,
            'content-type': 'application/logplex-1',
            'content-length': String(body.length),
            'logplex-msg-count': String(entries.length),
            'user-agent': userAgent,
          },
          body,
          signal,
        })
        await answer.body.dump({ limit: LONGEST_ANSWER_BYTES, signal })
        return outcomeOf(answer.statusCode, answer.headers['retry-after'])
      } catch {
        // What undici says may quote the address.
        return { outcome: 'failed', status: null }
      }
    },
    close: () => agent.close(),
  }
}

function outcomeOf(status: number, retryAfter: string | string[] | undefined): LogWrite {
  if (status >= 200 && status < 300) return { outcome: 'written' }
  if (status >= 400 && status < 500 && status !== 408 && status !== 429) return { outcome: 'refused', status }
  const seconds = typeof retryAfter === 'string' && /^\d{1,6}$/.test(retryAfter) ? Number(retryAfter) : 0
  return { outcome: 'failed', status, ...(seconds > 0 && { retryAfterMs: seconds * 1_000 }) }
}

/** Where to send to and by which right; undefined: not to Logplex. */
function placeOf(
  text: string,
  standIn: string | undefined,
): { url: string; authorization: string } | undefined {
  if (!URL.canParse(text)) return undefined
  const url = new URL(text)
  const isLogplex = url.protocol === 'https:' && url.port === '' && LOGPLEX_HOST.test(url.hostname)
  if (!isLogplex && (standIn === undefined || url.origin !== standIn)) return undefined
  const credentials = `${decoded(url.username)}:${decoded(url.password)}`
  return {
    url: `${url.origin}${url.pathname}${url.search}`,
    authorization: `Basic ${Buffer.from(credentials).toString('base64')}`,
  }
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}
