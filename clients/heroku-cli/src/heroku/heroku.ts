import { type Heroku, HerokuRefusedError, isHerokuError, UnreadableHerokuError } from './calls.ts'

/** What is used of the CLI's own client: it alone knows the user's token, and asks for a login or a code where Heroku does. */
type CliClient = Record<'get' | 'post', (path: string, options: CallOptions) => Promise<CliAnswer>>
type CallOptions = { headers: Record<string, string>; timeout: number; body?: object; raw?: boolean }
/** `response` is the answer itself; with `raw` nobody has read it yet. */
type CliAnswer = { body: unknown; response?: AsyncIterable<Uint8Array> | undefined }

/** A call ends after that without a word from Heroku. The time in which somebody types a code does not count. */
const SILENCE_LIMIT_MS = 30_000
const MOST_BYTES = 1024 * 1024
const ACCEPT = 'application/vnd.heroku+json; version=3.sdk'

/** Calls of the Platform API by the CLI's own client. */
export function herokuOf(client: CliClient): Heroku {
  const options = { headers: { Accept: ACCEPT }, timeout: SILENCE_LIMIT_MS }
  return {
    get: (path) => answerOf(async () => (await client.get(path, { ...options })).body),
    // The client prints what it has parsed, so this is parsed here.
    getSecret: (path) => answerOf(async () => jsonOf(await client.get(path, { ...options, raw: true }))),
    post: (path, body) => {
      const headers = { ...options.headers, 'Accept-Expansion': 'addon_service,plan' }
      return answerOf(async () => (await client.post(path, { ...options, body, headers })).body)
    },
  }
}

async function answerOf(call: () => Promise<unknown>): Promise<unknown> {
  try {
    return await call()
  } catch (error) {
    if (isHerokuError(error)) throw new HerokuRefusedError(error)
    // What JSON.parse throws may quote what it was given.
    if (error instanceof SyntaxError) throw new UnreadableHerokuError()
    throw error
  }
}

async function jsonOf({ response }: CliAnswer): Promise<unknown> {
  const chunks: Uint8Array[] = []
  let bytes = 0
  for await (const chunk of response ?? []) {
    bytes += chunk.length
    if (bytes > MOST_BYTES) throw new UnreadableHerokuError()
    chunks.push(chunk)
  }
  return JSON.parse(Buffer.concat(chunks).toString('utf8'))
}
