import type { HerokuResult } from '../domain/heroku-failure.ts'
import { currentVersion, secondVersion } from '../domain/keyset.ts'
import { carriesKey, type KeyMoments } from '../domain/release-of-key.ts'
import type { Access } from '../heroku/platform.ts'
import { withAccessToken } from './access-token.ts'
import type { OpenResource } from './create-keys.ts'
import type { Deps } from './deps.ts'

/**
 * Whether every attached app is seen on a release made since the current key was published.
 * `unobservable`: Heroku does not let this partner see releases, or the ceiling is reached, so time has decided.
 */
export type Adoption = 'adopted' | 'waiting' | 'unobservable'

/** So long after its grace period an old key goes even if some app was never seen on the new release. */
const CEILING_MS = 24 * 3_600_000
/** More apps than this on one add-on are not asked one by one; time decides. */
const MOST_APPS_ASKED = 50

/** Asks whether the old key of a resource may leave the config var: by proof where it can be had, else by time. */
export async function adoptionOf(
  deps: Deps,
  resource: OpenResource,
  signal: AbortSignal,
): Promise<HerokuResult<Adoption>> {
  const { resourceId } = resource.claim
  const { keyset } = resource.situation
  const { publishedAt, createdAt } = currentVersion(keyset)
  const ceilingMs = (secondVersion(keyset).graceEndsAt?.getTime() ?? 0) + CEILING_MS
  if (!publishedAt || deps.now().getTime() >= ceilingMs) return { ok: true, value: 'unobservable' }
  return await withAccessToken(deps, { ...resource, resourceId }, (accessToken) =>
    observeAdoption(deps, { resourceId, accessToken, signal }, { createdAt, publishedAt }),
  )
}

/** Looks for a release of each app that carries the key. A new release restarts the app (Platform API for Partners). */
async function observeAdoption(
  deps: Pick<Deps, 'platform'>,
  access: Access,
  key: KeyMoments,
): Promise<HerokuResult<Adoption>> {
  const attachments = await deps.platform.listAttachments(access)
  if (!attachments.ok) return attachments
  const appIds = new Set(attachments.value.map((attachment) => attachment.appId))
  if (appIds.size > MOST_APPS_ASKED) return { ok: true, value: 'unobservable' }
  for (const appId of appIds) {
    const releases = await deps.platform.listReleases(access, appId)
    if (!releases.ok) {
      const denied = releases.failure.kind === 'refused' || releases.failure.kind === 'missing'
      return denied ? { ok: true, value: 'unobservable' } : releases
    }
    if (!releases.value.some((release) => carriesKey(release, key))) return { ok: true, value: 'waiting' }
  }
  return { ok: true, value: 'adopted' }
}
