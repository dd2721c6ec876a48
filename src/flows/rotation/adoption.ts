import type { HerokuResult } from '../../domain/heroku-failure.ts'
import type { Deps } from '../deps.ts'
import { appsWithKey } from '../heroku/apps-with-key.ts'
import { giveBack } from './end-failed.ts'
import type { Group, Outcome } from './group.ts'
import { inFlight } from './in-flight.ts'
import type { OpenResource } from './open-resource.ts'

/**
 * Whether every attached app is seen on a release made since the current key was published.
 * `unobservable`: Heroku does not let this partner see releases, or the ceiling is reached, so time has decided.
 */
type Adoption = 'adopted' | 'waiting' | 'unobservable'

/** So long after its grace period an old key goes even if some app was never seen on the new release. */
const CEILING_MS = 24 * 3_600_000
/** More apps than this on one add-on are not asked one by one; time decides. */
const MOST_APPS_ASKED = 50

const LOOK_AGAIN_MS = 300_000

/**
 * Asks whether the old key of a resource may leave the config var. The claim of one whose key must stay, because an app
 * has not yet taken the new one, ends here; undefined when the key may go.
 */
export async function waitForAdoption(
  deps: Deps,
  group: Group,
  resource: OpenResource,
): Promise<Outcome | undefined> {
  const adoption = await inFlight(deps, group, resource, () => adoptionOf(deps, resource))
  if ('outcome' in adoption) return adoption.outcome
  if (adoption.value !== 'waiting') return undefined
  return await giveBack(deps, resource, new Date(deps.now().getTime() + LOOK_AGAIN_MS))
}

/** By proof where it can be had, else by time. */
async function adoptionOf(deps: Pick<Deps, 'now'>, resource: OpenResource): Promise<HerokuResult<Adoption>> {
  const { publishedAt, keyset } = resource.state
  const { current, second } = keyset
  const createdAt = resource.keys.find(({ version }) => version === current)?.createdAt
  const graceEndedMs = second.filler ? 0 : second.until.getTime()
  if (!createdAt || deps.now().getTime() >= graceEndedMs + CEILING_MS)
    return { ok: true, value: 'unobservable' }
  const key = { createdAt, publishedAt }
  const apps = await appsWithKey(resource.session, key, { mostAsked: MOST_APPS_ASKED, untilNotYet: true })
  if (!apps.ok) return apps
  const failed = apps.value.find((app) => app.key.seen === 'failed')?.key
  if (failed?.seen === 'failed') return { ok: false, failure: failed.failure }
  const seen = new Set(apps.value.map((app) => app.key.seen))
  if (seen.has('not-yet')) return { ok: true, value: 'waiting' }
  const unseen = seen.has('not-visible') || seen.has('not-asked')
  return { ok: true, value: unseen ? 'unobservable' : 'adopted' }
}
