/** What makes a request: the `fetch` of the process, or one of a test. */
export type Fetch = (url: string, init: RequestInit) => Promise<Response>
/** Calls once after so many milliseconds, unless it is called off; keeps no process alive. */
export type SetTimer = (work: () => void, ms: number) => () => void
export type Outside = { fetch: Fetch; setTimer: SetTimer }

/** Why there is no answer. */
export type NoAnswer = 'too-slow' | 'unreachable'
/** `body` is undefined where it is larger than a right one can be, and empty where nobody wants it or it is compressed. */
export type Answer = {
  status: number
  header: (name: string) => string | undefined
  body: string | undefined
}

const REQUEST_MS = 10_000
const MOST_BODY_BYTES = 65_536
const LONGEST_HEADER = 1_000

/**
 * One request, with a limit for all of it and for the size of its answer. Follows no redirect and never throws. `reads` tells
 * by status whether the body is wanted; one that is not is thrown away.
 */
export async function ask(
  { fetch, setTimer }: Outside,
  url: string,
  init: { method: string; headers: Record<string, string>; body?: string },
  options: { signal: AbortSignal; reads: (status: number) => boolean },
): Promise<Answer | NoAnswer> {
  const ending = new AbortController()
  const end = () => ending.abort()
  options.signal.addEventListener('abort', end, { once: true })
  if (options.signal.aborted) end()
  const work = async (): Promise<Answer | NoAnswer> => {
    try {
      const response = await fetch(url, { ...init, redirect: 'manual', signal: ending.signal })
      const answer = { status: response.status, header: headerOf(response) }
      if (options.reads(response.status) && isPlain(answer))
        return { ...answer, body: await bodyOf(response) }
      drop(response)
      return { ...answer, body: '' }
    } catch {
      return 'unreachable'
    }
  }
  let stopTimer = () => {}
  const tooSlow = new Promise<NoAnswer>((resolve) => {
    stopTimer = setTimer(() => resolve('too-slow'), REQUEST_MS)
    ending.signal.addEventListener('abort', () => resolve('unreachable'), { once: true })
  })
  try {
    return await Promise.race([tooSlow, work()])
  } finally {
    stopTimer()
    options.signal.removeEventListener('abort', end)
    // What hangs is given up.
    end()
  }
}

function headerOf({ headers }: Response): (name: string) => string | undefined {
  return (name) => {
    // `fetch` leaves the blanks behind a value.
    const value = headers.get(name)?.trim()
    return value === undefined || value.length > LONGEST_HEADER ? undefined : value
  }
}

/** No compression was asked for. What `fetch` would unpack could be any number of times larger than what was sent. */
function isPlain({ header }: Pick<Answer, 'header'>): boolean {
  return (header('content-encoding') ?? 'identity').toLowerCase() === 'identity'
}

async function bodyOf(response: Response): Promise<string | undefined> {
  if (!response.body) return ''
  const chunks: Uint8Array[] = []
  let bytes = 0
  // Counted as they come: an answer may have no length, or lie about it.
  for await (const chunk of response.body) {
    bytes += chunk.byteLength
    if (bytes > MOST_BODY_BYTES) return undefined
    chunks.push(chunk)
  }
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(Buffer.concat(chunks))
  } catch {
    // No JSON begins so: what is no UTF-8 is as unreadable as no JSON.
    return ''
  }
}

function drop(response: Response): void {
  response.body?.cancel().catch(() => {})
}
