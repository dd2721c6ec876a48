import type { Endpoint } from './endpoint.ts'
import type { Heroku } from './heroku.ts'
import { forbidden, unauthorized } from './heroku-error.ts'
import type { KeyScope } from './world.ts'

/** What shows config vars: to `read` it is closed (Platform API, OAuth, "Scopes"). */
const PROTECTED = /\/config(?:-vars)?$/

/** Lets a person's key do what its scope allows, or refuses. Keys of which nothing was said may do everything. */
export function checkKeyScope({ world }: Heroku, { method, url }: Endpoint, key: string | undefined): void {
  const scope = world.keyScopes.get(key ?? '') ?? 'global'
  if (scope === 'none') throw unauthorized()
  if (scope !== 'global' && !allows(scope, method, url)) {
    throw forbidden('Your credentials do not have the scope that this needs.')
  }
}

function allows(scope: KeyScope, method: Endpoint['method'], url: string): boolean {
  if (url === '/account') return scope === 'identity'
  if (scope === 'identity' || method !== 'GET') return false
  return scope === 'read-protected' || !PROTECTED.test(url)
}
