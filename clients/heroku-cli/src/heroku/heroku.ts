import { type Heroku, HerokuRefusedError, isHerokuError } from './calls.ts'

/** What is used of the CLI's own client: it alone knows the user's token, and asks for a login or a code where Heroku does. */
type CliClient = Record<'get' | 'post', (path: string, options: CallOptions) => Promise<{ body: unknown }>>
type CallOptions = { headers: Record<string, string>; timeout: number; body?: object }

/** A call ends after that without a word from Heroku. The time in which somebody types a code does not count. */
const SILENCE_LIMIT_MS = 30_000
const ACCEPT = 'application/vnd.heroku+json; version=3.sdk'

/** Calls of the Platform API by the CLI's own client. */
export function herokuOf(client: CliClient): Heroku {
  return {
    get: (path) => bodyOf(client.get(path, { headers: { Accept: ACCEPT }, timeout: SILENCE_LIMIT_MS })),
    post: (path, body) => {
      const headers = { Accept: ACCEPT, 'Accept-Expansion': 'addon_service,plan' }
      return bodyOf(client.post(path, { body, headers, timeout: SILENCE_LIMIT_MS }))
    },
  }
}

async function bodyOf(call: Promise<{ body: unknown }>): Promise<unknown> {
  try {
    return (await call).body
  } catch (error) {
    if (isHerokuError(error)) throw new HerokuRefusedError(error)
    throw error
  }
}
