import { isIP, type LookupFunction } from 'node:net'
import { Client } from 'undici'
import type { WebhookAnswer, WebhookTrouble } from '../../domain/notices/webhook-answer.ts'
import { isLoopbackAddress, isPublicAddress } from './public-address.ts'
import type { ResolveName } from './resolve-name.ts'
import { webhookHeaders } from './sign.ts'
import { troubleOf } from './trouble-of.ts'

/** A notice on its way to one receiver. `body` is JSON. */
export type WebhookPost = { url: string; secrets: readonly string[]; id: string; at: Date; body: string }

/** Sends one POST. Never throws: whatever goes wrong is an answer. */
export type SendWebhook = (post: WebhookPost, signal: AbortSignal) => Promise<WebhookAnswer>

export type WebhookSenderOptions = {
  resolveName: ResolveName
  /** Of a service on one machine, reached by plain http: its own addresses are allowed as receivers. */
  local: boolean
  userAgent: string
  steadyMs: () => number
  /** Milliseconds for the name, for the connection with TLS, and for all of it. */
  limits?: { resolveMs: number; connectMs: number; allMs: number; restMs: number }
  /** A certificate authority beside those of Node. */
  ca?: string
}

/** `restMs`: how long the rest of an answer is read whose status is known. */
const LIMITS = { resolveMs: 4_000, connectMs: 5_000, allMs: 8_000, restMs: 500 }
const LARGEST_ANSWER_BYTES = 16_384
/** Of a name with more addresses than this, so many are tried. */
const MOST_ADDRESSES = 4

/**
 * The way out to the receivers of customers. The name is resolved here and each of its addresses judged; then the
 * connection goes to those addresses and to nothing else, so an answer of a name server that changes in between leads
 * nowhere. Every POST has a connection of its own, without a proxy and with TLS verified whatever the environment says. No
 * redirect is followed, and of the answer only the status and two headers are kept.
 */
export function createWebhookSender(options: WebhookSenderOptions): SendWebhook {
  const { steadyMs, limits = LIMITS } = options
  return async (post, signal) => {
    const beganMs = steadyMs()
    const until = AbortSignal.any([signal, AbortSignal.timeout(limits.allMs)])
    const took = () => Math.max(0, Math.round(steadyMs() - beganMs))
    try {
      const url = new URL(post.url)
      const addresses = await allowedAddresses(url, options, until)
      if (typeof addresses === 'string') return { trouble: addresses, ms: took() }
      const answer = await postTo(url, addresses, post, options, until)
      return { ...answer, ms: took() }
    } catch (error) {
      return { trouble: signal.aborted ? 'stopped' : troubleOf(error), ms: took() }
    }
  }
}

/** The addresses of a receiver, or why none of them is connected to: one that is not public spoils all. */
async function allowedAddresses(
  { hostname }: URL,
  { resolveName, local, limits = LIMITS }: WebhookSenderOptions,
  signal: AbortSignal,
): Promise<string[] | WebhookTrouble> {
  const host = hostname.replace(/^\[|\]$/g, '')
  let addresses: string[]
  try {
    const within = AbortSignal.any([signal, AbortSignal.timeout(limits.resolveMs)])
    addresses = isIP(host) === 0 ? await resolveName(host, within) : [host]
  } catch (error) {
    signal.throwIfAborted()
    return troubleOf(error) === 'timed-out' ? 'timed-out' : 'name-server'
  }
  if (addresses.length === 0) return 'name-unknown'
  const isAllowed = (address: string) => isPublicAddress(address) || (local && isLoopbackAddress(address))
  return addresses.every(isAllowed) ? addresses.slice(0, MOST_ADDRESSES) : 'not-public'
}

async function postTo(
  url: URL,
  addresses: readonly string[],
  { secrets, id, at, body }: WebhookPost,
  { userAgent, ca, limits = LIMITS }: WebhookSenderOptions,
  signal: AbortSignal,
) {
  const client = new Client(url.origin, {
    connect: {
      timeout: limits.connectMs,
      lookup: alwaysTo(addresses),
      // Whatever `NODE_TLS_REJECT_UNAUTHORIZED` says.
      rejectUnauthorized: true,
      ...(ca !== undefined && { ca }),
    },
    allowH2: false,
    // One request for a connection.
    pipelining: 0,
    // One limit for all of it: the signal.
    headersTimeout: 0,
    bodyTimeout: 0,
  })
  try {
    const answer = await client.request({
      method: 'POST',
      path: `${url.pathname}${url.search}`,
      headers: {
        'content-type': 'application/json',
        'user-agent': userAgent,
        ...webhookHeaders({ id, at, body }, secrets),
      },
      body,
      signal,
    })
    const { statusCode: status, headers } = answer
    // A receiver that is cut off in its answer may think that it failed. One that drips or floods is.
    const rest = AbortSignal.any([signal, AbortSignal.timeout(limits.restMs)])
    await answer.body.dump({ limit: LARGEST_ANSWER_BYTES, signal: rest }).catch(() => undefined)
    return { status, retryAfter: one(headers['retry-after']), location: one(headers.location) }
  } finally {
    await client.destroy().catch(() => undefined)
  }
}

/** For `net.connect`, in place of a lookup: these addresses, whatever a name server would say now. */
function alwaysTo(addresses: readonly string[]): LookupFunction {
  const all = addresses.map((address) => ({ address, family: isIP(address) }))
  return (_name, { all: wanted }, callBack) => {
    const [first] = all
    if (wanted) callBack(null, all)
    else callBack(null, first?.address ?? '', first?.family)
  }
}

function one(header: string | string[] | undefined): string | null {
  return typeof header === 'string' ? header : (header?.[0] ?? null)
}
