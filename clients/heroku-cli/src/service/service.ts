import type { Surroundings } from '../surroundings.ts'
import { askPatiently } from './patience.ts'
import { problemOf } from './problem.ts'
import type { Send, ServiceAnswer, ServiceRequest } from './request.ts'
import type { SignedOn } from './sign-on.ts'

/** The service of the add-on, asked in the name of the person who signed on. */
export type Service = {
  /** Who signed on, to what. */
  signedOn: () => Promise<Pick<SignedOn, 'resource' | 'email' | 'scopes'>>
  /** Returns what the answer says. Throws `ProblemError` for a refusal. */
  ask: (method: ServiceRequest['method'], path: string, options?: AskOptions) => Promise<unknown>
}

export type AskOptions = {
  body?: Readonly<Record<string, unknown>>
  query?: Readonly<Record<string, string>>
  /** The same request with the same key is served once, so it may be sent again. */
  idempotencyKey?: string
  /** Sent once: whoever asks waits on its own, by `ProblemError.waitMs`. */
  once?: boolean
}

/**
 * Signs on at the first request, and once more where the token has ended: it lives for a quarter of an hour, and a revoke
 * ends it. A request obeys `Retry-After`, a few times, unless it is to be sent `once`.
 */
export function createService(options: {
  signOn: () => Promise<SignedOn>
  send: Send
  userAgent: string
  surroundings: Surroundings
}): Service {
  const { signOn, send, userAgent, surroundings } = options
  let signedOn: Promise<SignedOn> | undefined

  function current(): Promise<SignedOn> {
    // One that failed is not kept: a look that comes later signs on anew.
    signedOn ??= signOn().catch((error: unknown) => {
      signedOn = undefined
      throw error
    })
    return signedOn
  }

  async function sendOnce(
    method: ServiceRequest['method'],
    path: string,
    options: AskOptions,
  ): Promise<ServiceAnswer> {
    const { token, api } = await current()
    const { body, query = {}, idempotencyKey, once = false } = options
    const url = new URL(`${api}${path}`)
    for (const [name, value] of Object.entries(query)) url.searchParams.set(name, value)
    const headers = {
      accept: 'application/json',
      'user-agent': userAgent,
      authorization: `Bearer ${token}`,
      ...(body && { 'content-type': 'application/json' }),
      ...(idempotencyKey !== undefined && { 'idempotency-key': idempotencyKey }),
    }
    const request = { method, url, headers, body: body && JSON.stringify(body) }
    return once ? await send(request) : await askPatiently(() => send(request), surroundings)
  }

  return {
    signedOn: current,
    async ask(method, path, options = {}) {
      let answer = await sendOnce(method, path, options)
      if (answer.status === 401) {
        signedOn = undefined
        answer = await sendOnce(method, path, options)
      }
      if (answer.status >= 200 && answer.status < 300) return answer.body
      throw problemOf(answer, surroundings.now())
    },
  }
}
