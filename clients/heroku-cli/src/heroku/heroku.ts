import type { APIClient } from '@heroku-cli/command'
import { type Heroku, HerokuRefusedError, isHerokuError } from './calls.ts'

const CALL_LIMIT_MS = 30_000
const ACCEPT = 'application/vnd.heroku+json; version=3.sdk'

/** Calls of the Platform API by the CLI's own client, which alone knows the user's token. Each ends within half a minute. */
export function herokuOf(client: APIClient): Heroku {
  async function limited(call: Promise<{ body: unknown }>): Promise<unknown> {
    let timer: NodeJS.Timeout | undefined
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(() => reject(new Error('Heroku does not answer.')), CALL_LIMIT_MS)
    })
    try {
      const { body } = await Promise.race([call, late])
      return body
    } catch (error) {
      if (isHerokuError(error)) throw new HerokuRefusedError(error)
      throw error
    } finally {
      clearTimeout(timer)
    }
  }
  return {
    get: (path) => limited(client.get<unknown>(path, { headers: { Accept: ACCEPT } })),
    post: (path, body) =>
      limited(
        client.post<unknown>(path, {
          body,
          headers: { Accept: ACCEPT, 'Accept-Expansion': 'addon_service,plan' },
        }),
      ),
  }
}
