/** A request to the service of the add-on. It carries what stands here and nothing else. */
export type ServiceRequest = {
  method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'
  url: URL
  headers: Readonly<Record<string, string>>
  body?: string | undefined
}

/** `body` is what its JSON says; undefined where there is none. */
export type ServiceAnswer = { status: number; body: unknown; retryAfter: string | null }

export type Send = (request: ServiceRequest) => Promise<ServiceAnswer>

const REQUEST_LIMIT_MS = 20_000
const MOST_BYTES = 2 * 1024 * 1024

/** Sends a request within twenty seconds. */
export const sendRequest: Send = sendWithin(REQUEST_LIMIT_MS)

/**
 * Sends a request, once, with no cookie, and follows no redirect. Throws a sentence for people where there is no answer
 * within the limit, or one that is too long.
 */
export function sendWithin(limitMs: number): Send {
  return async ({ method, url, headers, body }) => {
    const signal = AbortSignal.timeout(limitMs)
    try {
      const response = await fetch(url, { method, headers, body: body ?? null, signal, redirect: 'manual' })
      const text = await textOf(response)
      const { status } = response
      return { status, body: jsonOf(response, text), retryAfter: response.headers.get('retry-after') }
    } catch (error) {
      if (error instanceof TooLongError) throw error
      // What the network says may quote the address, which holds a signature where the sign-on is by GET.
      throw new Error(
        `${url.host} ${signal.aborted ? 'does not answer' : `cannot be reached${reasonOf(error)}`}.`,
      )
    }
  }
}

class TooLongError extends Error {}

async function textOf(response: Response): Promise<string> {
  const chunks: Uint8Array[] = []
  let bytes = 0
  for await (const chunk of response.body ?? []) {
    bytes += chunk.length
    if (bytes > MOST_BYTES) throw new TooLongError('The answer of the service is too long.')
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString('utf8')
}

function jsonOf(response: Response, text: string): unknown {
  if (!/^application\/(problem\+)?json\b/i.test(response.headers.get('content-type') ?? '')) return undefined
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/** The network's own word for it, such as ECONNREFUSED. */
function reasonOf(error: unknown): string {
  const cause = error instanceof Error ? error.cause : undefined
  const code = cause instanceof Error && 'code' in cause ? cause.code : undefined
  return typeof code === 'string' && /^[A-Z0-9_]{1,40}$/.test(code) ? ` (${code})` : ''
}
