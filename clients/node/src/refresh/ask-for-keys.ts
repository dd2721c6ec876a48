import { type Answer, ask, type NoAnswer } from './ask.ts'
import { readsBody } from './judge.ts'
import type { RefreshSettings } from './settings.ts'

/** The one request of the live pick-up: the keys, unless they are those of the tag. Never throws. */
export function askForKeys(
  settings: RefreshSettings,
  etag: string | undefined,
  signal: AbortSignal,
): Promise<Answer | NoAnswer> {
  const headers = {
    authorization: `Bearer ${settings.token}`,
    accept: 'application/json',
    'accept-encoding': 'identity',
    ...(etag !== undefined && { 'if-none-match': etag }),
  }
  return ask(settings, `${settings.url}/keyring`, { method: 'GET', headers }, { signal, reads: readsBody })
}
