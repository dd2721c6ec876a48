import type { FastifyRequest } from 'fastify'
import { admit, checkAccept } from './credentials.ts'
import type { Answer, Call, Endpoint } from './endpoint.ts'
import { objectFrom, strings } from './fields.ts'
import type { Heroku } from './heroku.ts'
import { HerokuError } from './heroku-error.ts'
import { checkKeyScope } from './key-scopes.ts'

/**
 * Admits the caller, takes from its rate limit and runs the endpoint; a refusal becomes the answer. All of it happens
 * before the first await when the endpoint is synchronous, as every one for the service is: a write that a fault
 * releases has taken effect when the call of `release` returns.
 */
export async function performCall(
  heroku: Heroku,
  endpoint: Endpoint,
  request: FastifyRequest,
  credential: string | undefined,
): Promise<Answer> {
  const headers: Record<string, string> = {}
  try {
    const caller = admit(heroku, endpoint.access, credential)
    if (caller.kind === 'partner') {
      const { rateLimit } = heroku
      const counted = endpoint.counted ?? true
      const left = counted ? rateLimit.take(caller.addon.id) : rateLimit.remaining(caller.addon.id)
      headers['ratelimit-remaining'] = String(left)
      checkAccept(request.headers.accept)
    }
    if (caller.kind === 'customer') checkKeyScope(heroku, endpoint, credential)
    const answer = await endpoint.answer(callFrom(request, caller))
    return { ...answer, headers: { ...headers, ...answer.headers } }
  } catch (error) {
    if (error instanceof HerokuError) return refusal(error, headers)
    // Anything else that is thrown is a bug of the simulator, which the server turns into a 500.
    throw error
  }
}

/** The answer that a refusal is sent as: `{ id, message, ... }` and, for a rate limit, `Retry-After`. */
export function refusal(error: HerokuError, headers: Record<string, string> = {}): Answer {
  const { retryAfter, ...fields } = error.fields
  const body = { id: error.id, message: error.message, ...fields }
  if (retryAfter === undefined) return { status: error.status, body, headers }
  return {
    status: error.status,
    body,
    headers: { ...headers, 'retry-after': String(retryAfter), 'ratelimit-remaining': '0' },
  }
}

/** The request in plain values; strings of a repeated header or query name are joined or taken once. */
function callFrom(request: FastifyRequest, caller: Call['caller']): Call {
  const raw = Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0)
  return {
    method: request.method,
    path: pathOf(request),
    params: strings(request.params),
    query: strings(request.query),
    headers: strings(request.headers),
    body: Buffer.isBuffer(request.body) ? {} : objectFrom(request.body),
    raw,
    caller,
  }
}

/** The path without its query. */
export function pathOf(request: FastifyRequest): string {
  return request.url.split('?', 1)[0] ?? ''
}
