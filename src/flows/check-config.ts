import type { HerokuResult } from '../domain/heroku-failure.ts'
import { decideStep, nextWakeAt, type Pair } from '../domain/rotation.ts'
import { CHECK_AFTER_PUSH_MS, CHECK_EVERY_MS } from '../domain/schedule.ts'
import { insertAuditEvents } from '../store/audit-events.ts'
import { lockClaimedResources } from '../store/claimed-resources.ts'
import { setMissingSince } from '../store/resources.ts'
import { releaseClaims, settleClaims } from '../store/schedule.ts'
import { withAccessToken } from './access-token.ts'
import type { OpenResource } from './create-keys.ts'
import type { Deps } from './deps.ts'
import { openPair } from './open-keys.ts'
import { publishPair } from './publish.ts'

/**
 * - `same`: Heroku holds what was published
 * - `repaired`: it held another pair (a push that arrived late, a rollback), and the published one was pushed again
 * - `differs`: it holds no value at all, or was put right too often in a row; reported, and left to people
 */
export type ConfigCheck = 'same' | 'repaired' | 'differs'

/** Something else keeps changing the value: from here on another push would only restart apps once more. */
const MOST_REPAIRS_IN_A_ROW = 3

/** Compares Heroku's config with what was published, and puts it right. Pushes nothing when they are the same. */
export async function checkConfig(
  deps: Deps,
  resource: OpenResource,
  pair: Pair,
  signal: AbortSignal,
): Promise<HerokuResult<ConfigCheck>> {
  const { resourceId } = resource.claim
  // One caller for both calls: a token that the first one had to refresh is the one that the second needs.
  const caller = { ...resource, resourceId }
  const expected = await openPair(resource.sealer, resource.situation.keyset, pair)
  const present = await withAccessToken(deps, caller, (accessToken) =>
    deps.platform.readConfig({ resourceId, accessToken, signal }),
  )
  if (!present.ok) return present
  if (present.value === expected) return { ok: true, value: 'same' }
  // No value may mean that we misread the list: a push would then be needless, and needless again each time.
  if (present.value === null || resource.repairs >= MOST_REPAIRS_IN_A_ROW)
    return { ok: true, value: 'differs' }
  const pushed = await publishPair(deps, caller, pair, { readBack: false, signal })
  return pushed.ok ? { ok: true, value: 'repaired' } : pushed
}

/** When a check is made again that came to nothing, because Heroku could not be asked. */
const CHECK_AGAIN_MS = 15 * 60_000

const NEXT_CHECK_MS: Readonly<Record<ConfigCheck | 'unknown', number>> = {
  same: CHECK_EVERY_MS,
  repaired: CHECK_AFTER_PUSH_MS,
  differs: CHECK_EVERY_MS,
  unknown: CHECK_AGAIN_MS,
}

/** Writes a check down and ends its claim; `unknown` when Heroku could not be asked, which costs no attempt. */
export async function recordCheck(
  deps: Deps,
  resource: OpenResource,
  check: ConfigCheck | 'unknown',
): Promise<void> {
  const now = deps.now()
  const { claim } = resource
  await deps.db.transaction().execute(async (trx) => {
    const [fresh] = await lockClaimedResources(trx, [claim], [resource])
    if (!fresh) return
    if (decideStep(fresh.situation, now).step !== 'check') {
      // Somebody asked for more than a check meanwhile.
      await releaseClaims(trx, [claim], now)
      return
    }
    const checkAt = new Date(now.getTime() + NEXT_CHECK_MS[check])
    const wakeAt = nextWakeAt({ ...fresh.situation, checkAt }, now)
    const repairs = check === 'same' ? 0 : fresh.repairs + (check === 'repaired' ? 1 : 0)
    await settleClaims(trx, [{ claim, wakeAt, failures: 0, checkAt, repairs }], now)
    if (fresh.missing && check !== 'unknown') await setMissingSince(trx, claim.resourceId, null)
    if (check === 'same' || check === 'unknown') return
    const action = check === 'repaired' ? 'config-repaired' : 'config-differs'
    const { resourceId } = claim
    await insertAuditEvents(trx, [{ resourceId, at: now, actor: { type: 'worker' }, action }])
  })
  if (check !== 'same') deps.log.warn({ resourceId: claim.resourceId, check }, 'config check')
}
