import { cleanText } from '../clean-text.ts'

/** Why there was no answer. `stopped`: we gave up ourselves, and it says nothing of the receiver. */
export type WebhookTrouble =
  | 'name-unknown'
  | 'name-server'
  | 'not-public'
  | 'refused'
  | 'timed-out'
  | 'tls'
  | 'reset'
  | 'no-answer'
  | 'stopped'

/** What came of one POST: the status and two headers of the answer, or why there was none; and how long it took. */
export type WebhookAnswer = { ms: number } & (
  | { status: number; retryAfter: string | null; location: string | null }
  | { trouble: WebhookTrouble }
)

/** Whether a notice counts as told. `words`: short and ours; `gone`: the receiver wants no more of them. */
export type WebhookVerdict = {
  told: boolean
  words: string
  gone?: true
  stopped?: true
  retryAfterMs?: number
}

const SHORTEST_RETRY_AFTER_MS = 30_000
const LONGEST_RETRY_AFTER_MS = 3_600_000
const LONGEST_ORIGIN = 100

const WORDS: Readonly<Record<WebhookTrouble, string>> = {
  'name-unknown': 'its host name does not exist',
  'name-server': 'its host name could not be resolved',
  'not-public': 'its host name leads to an address that is not public',
  refused: 'the connection was refused',
  'timed-out': 'no answer in time',
  tls: 'its certificate is not trusted, or TLS failed',
  reset: 'the connection was cut off before an answer',
  'no-answer': 'no answer that could be read',
  stopped: 'stopped on our side',
}

/** Judges what came of a POST: 2xx is told, 410 ends the webhook, all else is tried again. */
export function judgeWebhookAnswer(answer: WebhookAnswer, now: Date): WebhookVerdict {
  if ('trouble' in answer) {
    const { trouble } = answer
    return { told: false, words: WORDS[trouble], ...(trouble === 'stopped' && { stopped: true }) }
  }
  const { status, location, retryAfter } = answer
  if (status >= 200 && status < 300) return { told: true, words: `answered ${status}` }
  if (status === 410) return { told: false, words: 'answered 410: it wants no more', gone: true }
  if (status >= 300 && status < 400) {
    return { told: false, words: `answered ${status}, a redirect${whereTo(location)}: none is followed` }
  }
  const waitMs = status === 429 || status === 503 ? retryAfterMs(retryAfter, now) : undefined
  return {
    told: false,
    words: `answered ${status}`,
    ...(waitMs !== undefined && { retryAfterMs: waitMs }),
  }
}

/** The origin that a redirect names. Its path and query may hold somebody's secret. */
function whereTo(location: string | null): string {
  const url = location === null ? null : URL.parse(location.slice(0, 1_000))
  return url && url.origin !== 'null' ? ` to ${cleanText(url.origin, LONGEST_ORIGIN)}` : ''
}

/** `Retry-After` (RFC 9110, section 10.2.3): seconds or a date, from half a minute to an hour. */
function retryAfterMs(header: string | null, now: Date): number | undefined {
  if (header === null) return undefined
  const text = header.trim().slice(0, 40)
  const ms = /^[0-9]{1,9}$/.test(text)
    ? Number(text) * 1_000
    : / GMT$/.test(text)
      ? Date.parse(text) - now.getTime()
      : Number.NaN
  if (!Number.isFinite(ms)) return undefined
  return Math.min(Math.max(ms, SHORTEST_RETRY_AFTER_MS), LONGEST_RETRY_AFTER_MS)
}
