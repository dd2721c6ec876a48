import type { HerokuResult } from '../domain/heroku-failure.ts'
import { type ConfigVarNames, readEndpointVars, showsValue } from './addon-config.ts'
import type { Call, HerokuCall } from './call.ts'

/** How a caller reaches the config of an add-on. */
type ConfigCall = Pick<Call, 'path' | 'headers' | 'about' | 'signal'>

/** Reads the config vars of endpoints. That it fails says nothing of Heroku or our account: no rotation needs it. */
export async function askEndpointVars(
  call: HerokuCall,
  names: ConfigVarNames,
  at: ConfigCall,
): Promise<HerokuResult<Record<string, string>>> {
  return await call({
    ...at,
    method: 'GET',
    read(body) {
      const held = readEndpointVars(body, names)
      if (held) return { ok: true, value: held }
      return { ok: false, failure: { kind: 'unavailable', detail: 'the config is not a list' } }
    },
    mayFail: true,
  })
}

/**
 * Sets or unsets config vars of endpoints, and checks that the answer holds what was set: Heroku does not say what becomes of a
 * name that the manifest does not declare.
 */
export async function sendEndpointVars(
  call: HerokuCall,
  vars: Readonly<Record<string, string | null>>,
  at: ConfigCall,
): Promise<HerokuResult<void>> {
  const config = Object.entries(vars).map(([name, value]) => ({ name, value }))
  return await call({
    ...at,
    method: 'PATCH',
    headers: { ...at.headers, 'content-type': 'application/json' },
    body: JSON.stringify({ config }),
    read(body) {
      if (config.every(({ value }) => value === null || showsValue(body, value))) {
        return { ok: true, value: undefined }
      }
      return { ok: false, failure: { kind: 'mismatch', detail: 'the answer does not hold what was sent' } }
    },
    mayFail: true,
  })
}
