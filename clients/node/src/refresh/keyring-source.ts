import { type Answer, ask, type NoAnswer } from './ask.ts'
import { judge, readsBody } from './judge.ts'
import type { Asking, Source } from './refresher.ts'
import type { RefreshSettings } from './settings.ts'

/** The keys as `GET /v1/keyring` has them, by an API token. */
export function keyringSource(settings: RefreshSettings): Source {
  return async (asking) => {
    const answer = await askForKeys(settings, asking)
    return {
      outcome: judge(answer, asking),
      header: typeof answer === 'string' ? () => undefined : answer.header,
    }
  }
}

/** One request for the keys, unless they are those of the tag. Never throws. */
function askForKeys(
  settings: RefreshSettings,
  { etag, signal }: Pick<Asking, 'etag' | 'signal'>,
): Promise<Answer | NoAnswer> {
  const headers = {
    authorization: `Bearer ${settings.token}`,
    accept: 'application/json',
    'accept-encoding': 'identity',
    ...(etag !== undefined && { 'if-none-match': etag }),
  }
  return ask(settings, `${settings.url}/keyring`, { method: 'GET', headers }, { signal, reads: readsBody })
}
