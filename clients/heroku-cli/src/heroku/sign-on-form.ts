import { fieldsOf } from '../answers/fields.ts'
import { urlOf } from '../words/url.ts'
import type { Heroku } from './calls.ts'
import type { FoundAddon } from './find-addon.ts'

/** The form that Heroku signs for a person who opens an add-on, and where it goes. */
export type SignOnForm = { action: URL; method: 'get' | 'post'; params: Readonly<Record<string, string>> }

const LOOPBACK: readonly string[] = ['127.0.0.1', '[::1]', 'localhost']

/**
 * Asks Heroku for it, in the name of the user (as `heroku addons:open` does). Throws where Heroku names an address that a
 * signed form must not be sent to: anything but https, save for this machine.
 */
export async function askForSignOn(
  heroku: Pick<Heroku, 'get'>,
  { id, app }: Pick<FoundAddon, 'id' | 'app'>,
): Promise<SignOnForm> {
  const path = `/apps/${encodeURIComponent(app)}/addons/${encodeURIComponent(id)}/sso`
  const answer = fieldsOf(await heroku.get(path))
  const { method = 'get' } = answer
  const action = typeof answer.action === 'string' ? urlOf(answer.action) : undefined
  if (!action || !isSafe(action))
    throw new Error('Heroku names no https address for the sign-on. Nothing was sent.')
  if (method !== 'get' && method !== 'post') throw new Error('Heroku names an unknown way to sign on.')
  const params = Object.entries(fieldsOf(answer.params)).filter(
    (param): param is [string, string] => typeof param[1] === 'string',
  )
  return { action, method, params: Object.fromEntries(params) }
}

/** Whether what is secret may be sent there. */
export function isSafe({ protocol, hostname, username, password }: URL): boolean {
  if (username !== '' || password !== '') return false
  return protocol === 'https:' || (protocol === 'http:' && LOOPBACK.includes(hostname))
}
