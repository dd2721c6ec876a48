import type { Ring } from '../ring.ts'
import type { Outside } from './ask.ts'
import { keyringSource } from './keyring-source.ts'
import { readRefresh } from './settings.ts'

/**
 * Whether the live pick-up of these variables works, by one request. Undefined if none of them is set. Throws `missing`,
 * `bad-url`, `bad-token`.
 */
export async function checkRefresh(
  ring: Ring,
  variable: string,
  env: Readonly<Record<string, string | undefined>>,
  outside: Partial<Outside>,
): Promise<{ line: string; works: boolean } | undefined> {
  if (!env[`${variable}_URL`] && !env[`${variable}_TOKEN`]) return undefined
  const settings = readRefresh(outside, variable, env)
  if (!settings) return undefined
  const { signal } = new AbortController()
  const { outcome } = await keyringSource(settings)({ ring, etag: undefined, revoked: undefined, signal })
  switch (outcome.is) {
    case 'taken':
      return { line: `The service answers: ${outcome.keys.pair[0].kid} signs.`, works: true }
    case 'revoked':
      return {
        line: 'The service answers: the keys are revoked, and their successors are on their way.',
        works: true,
      }
    case 'stopped':
      return { line: `The service refuses the token (${outcome.code}).`, works: false }
    case 'unchanged':
      return { line: 'The service did not bring the keys (not-asked).', works: false }
    case 'failed':
      return { line: `The service did not bring the keys (${outcome.word}).`, works: false }
  }
}
