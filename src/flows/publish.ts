import type { HerokuResult } from '../domain/heroku-failure.ts'
import type { Pair } from '../domain/rotation.ts'
import type { Access } from '../heroku/platform.ts'
import { withAccessToken } from './access-token.ts'
import type { OpenResource } from './create-keys.ts'
import type { Deps } from './deps.ts'
import { openPair } from './open-keys.ts'

export type Published = 'pushed' | 'already-there'

/**
 * The step `publish`: brings the stored pair to Heroku, which restarts every attached app. With `readBack`, because
 * an earlier attempt may have arrived without our hearing of it, the config is read first and left alone when it
 * already holds the pair. No transaction is open meanwhile.
 */
export async function publishPair(
  deps: Deps,
  resource: OpenResource,
  pair: Pair,
  options: { readBack: boolean; signal: AbortSignal },
): Promise<HerokuResult<Published>> {
  const { signal } = options
  const { resourceId } = resource.claim
  const value = await openPair(resource.sealer, resource.situation.keyset, pair)
  const caller = { ...resource, resourceId }
  const asCaller = <T>(call: (access: Access) => Promise<HerokuResult<T>>) =>
    withAccessToken(deps, caller, (accessToken) => call({ resourceId, accessToken, signal }))

  if (options.readBack) {
    const present = await asCaller(deps.platform.readConfig)
    if (!present.ok) return present
    if (present.value === value) return { ok: true, value: 'already-there' }
  }
  const written = await asCaller((access) => deps.platform.writeConfig(access, value))
  return written.ok ? { ok: true, value: 'pushed' } : written
}
