import { isOfOwnKey } from '../../domain/errors.ts'
import { grantDigest, grantExpiresAt } from '../../domain/grant.ts'
import type { HerokuFailure, HerokuResult } from '../../domain/heroku-failure.ts'
import { isOwnId } from '../../domain/legacy-id.ts'
import type { LegacyApp } from '../../heroku/legacy-directory.ts'
import { lockState } from '../../store/keysets.ts'
import { listWithoutTokens, setAddonUuid, type WithoutTokens } from '../../store/legacy-resources.ts'
import { offerGrant } from '../../store/oauth-grants.ts'
import { findResource } from '../../store/resources.ts'
import type { Deps } from '../deps.ts'
import { takeOverName } from '../heroku/take-over-name.ts'

/**
 * What a run came to. `unknown`: Heroku lists none of that id. `closed`: its customer's key is away. `failed` has the first
 * few.
 */
export type LegacyGrants = {
  stored: number
  unknown: string[]
  closed: string[]
  failed: { resourceId: string; failure: HerokuFailure }[]
}

const BATCH = 100
const AT_ONCE = 5
const MOST_PAGES = 1_000
const MOST_FAILED = 20

/**
 * Gets a grant for each live resource that has neither tokens nor one, so that version 3 can be used for what the legacy API
 * made (Platform API for Partners). Workers exchange them within their five minutes. It notes by which id Heroku knows a
 * resource that was named by none, and its name. It may be stopped and run again at any time. A failure of the list itself is
 * returned; after some twenty failures it stops, since Heroku may hand out none.
 */
export async function fetchLegacyGrants(
  deps: Deps,
  signal?: AbortSignal,
): Promise<HerokuResult<LegacyGrants>> {
  const known = await knownApps(deps)
  if (!known.ok) return known
  const done: LegacyGrants = { stored: 0, unknown: [], closed: [], failed: [] }
  let after: string | null = null
  for (;;) {
    const batch: WithoutTokens[] = await listWithoutTokens(deps.db, { after, limit: BATCH })
    for (let from = 0; from < batch.length; from += AT_ONCE) {
      if (signal?.aborted || done.failed.length >= MOST_FAILED) return { ok: true, value: done }
      const some = batch.slice(from, from + AT_ONCE)
      await Promise.all(some.map((each) => fetchOne(deps, each, known.value.get(each.resourceId), done)))
    }
    if (batch.length < BATCH) return { ok: true, value: done }
    after = batch.at(-1)?.resourceId ?? null
  }
}

/** All add-ons that Heroku lists, by their ids here. */
async function knownApps({
  legacyDirectory,
}: Pick<Deps, 'legacyDirectory'>): Promise<HerokuResult<Map<string, LegacyApp>>> {
  const known = new Map<string, LegacyApp>()
  let next: string | null | undefined
  for (let pages = 0; next !== null && pages < MOST_PAGES; pages += 1) {
    const page: Awaited<ReturnType<typeof legacyDirectory.listApps>> = await legacyDirectory.listApps(next)
    if (!page.ok) return page
    for (const app of page.value.apps) known.set(app.providerId, app)
    next = page.value.next
  }
  return { ok: true, value: known }
}

async function fetchOne(
  deps: Deps,
  { resourceId, addonUuid: noted }: WithoutTokens,
  app: LegacyApp | undefined,
  done: LegacyGrants,
): Promise<void> {
  const addonUuid = app?.addonUuid ?? noted ?? (isOwnId(resourceId) ? null : resourceId)
  if (addonUuid === null) {
    done.unknown.push(resourceId)
    return
  }
  if (!(await opens(deps, resourceId))) {
    done.closed.push(resourceId)
    return
  }
  const granted = await deps.legacyDirectory.grantFor(addonUuid)
  if (!granted.ok) {
    if (granted.failure.kind === 'missing') done.unknown.push(resourceId)
    else done.failed.push({ resourceId, failure: granted.failure })
    return
  }
  if (await storeGrant(deps, { resourceId, addonUuid }, granted.value)) done.stored += 1
  if (app?.name) await takeOverName(deps, resourceId, app.name)
}

/** Whether a grant can be sealed. It is asked first: a code that is not stored is spent for nothing. */
async function opens(deps: Deps, resourceId: string): Promise<boolean> {
  const dek = (await findResource(deps.db, resourceId))?.dek
  try {
    if (dek) await deps.sealing.forResource(resourceId, dek)
    return true
  } catch (error) {
    // It holds nobody else up.
    if (!isOfOwnKey(error)) throw error
    return false
  }
}

const MOST_TRIES = 3

/** False: the resource is gone, or has tokens by now. */
async function storeGrant(
  deps: Deps,
  ids: { resourceId: string; addonUuid: string },
  { code, expiresAt }: { code: string; expiresAt: unknown },
): Promise<boolean> {
  const { resourceId, addonUuid } = ids
  for (let tries = 0; tries < MOST_TRIES; tries += 1) {
    const dek = (await findResource(deps.db, resourceId))?.dek
    if (!dek) return false
    const sealer = await deps.sealing.forResource(resourceId, dek)
    const grant = {
      sealedCode: sealer.seal('sealed_code', code),
      codeDigest: grantDigest(code),
      expiresAt: grantExpiresAt(expiresAt, deps.now()),
      headStartMs: 0,
    }
    const stored = await deps.db.transaction().execute(async (trx) => {
      // Under the lock: what a new data key opens, the former one has not sealed.
      if (!(await lockState(trx, resourceId))) return false
      const present = (await findResource(trx, resourceId))?.dek
      if (!present?.wrapped.equals(dek.wrapped)) return undefined
      if (addonUuid !== resourceId) await setAddonUuid(trx, resourceId, addonUuid)
      return (await offerGrant(trx, resourceId, grant)) !== undefined
    })
    if (stored !== undefined) return stored
  }
  return false
}
