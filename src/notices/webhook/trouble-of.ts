import type { WebhookTrouble } from '../../domain/notices/webhook-answer.ts'

const REFUSED = ['ECONNREFUSED', 'EHOSTUNREACH', 'ENETUNREACH', 'EADDRNOTAVAIL']
const TIMED_OUT = ['UND_ERR_CONNECT_TIMEOUT', 'UND_ERR_HEADERS_TIMEOUT', 'UND_ERR_BODY_TIMEOUT', 'ETIMEDOUT']
const RESET = ['ECONNRESET', 'EPIPE', 'UND_ERR_SOCKET']
const OF_TLS = /^(?:CERT|ERR_TLS|ERR_SSL|UNABLE|DEPTH_ZERO|SELF_SIGNED|HOSTNAME|CRL|INVALID_CA|EPROTO)/

/** What an error of a connection means, by its code alone: a message may quote an address or an answer. */
export function troubleOf(error: unknown): WebhookTrouble {
  if (!(error instanceof Error)) return 'no-answer'
  const code = 'code' in error ? String(error.code) : ''
  if (error.name === 'TimeoutError' || TIMED_OUT.includes(code)) return 'timed-out'
  if (REFUSED.includes(code)) return 'refused'
  if (RESET.includes(code)) return 'reset'
  return OF_TLS.test(code) ? 'tls' : 'no-answer'
}
