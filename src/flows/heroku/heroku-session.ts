import type { ConfigVars } from '../../domain/config-vars.ts'
import { describeFailure, type HerokuFailure, type HerokuResult } from '../../domain/heroku-failure.ts'
import type { HeldConfig } from '../../heroku/addon-config.ts'
import type { Access, Attachment, Releases } from '../../heroku/platform.ts'
import type { ResourceSealer } from '../../sealing/sealing.ts'
import { recordEvents } from '../../store/history.ts'
import {
  type AccessToken,
  claimRefresh,
  loadTokens,
  releaseRefresh,
  replaceTokens,
  type StoredTokens,
} from '../../store/oauth-tokens.ts'
import type { Deps } from '../deps.ts'
import { sealTokens } from './seal-tokens.ts'
import { takeOverName } from './take-over-name.ts'

/** Calls to Heroku on behalf of one resource. The session owns its tokens and refreshes them. */
export type HerokuSession = {
  readConfig: () => Promise<HerokuResult<HeldConfig>>
  writeConfig: (vars: ConfigVars) => Promise<HerokuResult<void>>
  listAttachments: () => Promise<HerokuResult<Attachment[]>>
  listReleases: (appId: string, count: number) => Promise<HerokuResult<Releases>>
}

/** On whose behalf Heroku is called. */
export type Caller = {
  resourceId: string
  /** As it is known here. */
  name: string | null
  sealer: ResourceSealer
  token: AccessToken | null
  /** There is none, but the grant code is still to be exchanged. */
  grantWaiting: boolean
}

/** A token with less life than this left is refreshed first, so that it cannot expire on the way. */
const REFRESH_MARGIN_MS = 120_000
/** Longer than a call to Heroku with its wait for the budget. */
const REFRESH_LEASE_MS = 45_000
/** When to look again while somebody else is exchanging or refreshing. */
const LOOK_AGAIN_MS = 3_000

/**
 * Opens a session. Its calls end with `signal`. The access token is refreshed before it expires, and once more when
 * Heroku answers 401. The failure `postponed` means that another process is just getting a token.
 */
export function createHerokuSession(deps: Deps, caller: Caller, signal?: AbortSignal): HerokuSession {
  const { resourceId, sealer, grantWaiting } = caller
  let { token, name } = caller

  async function call<T>(run: (access: Access) => Promise<HerokuResult<T>>): Promise<HerokuResult<T>> {
    if (!token) return withoutToken(grantWaiting)
    const freshEnough = token.accessExpiresAt.getTime() - deps.now().getTime() > REFRESH_MARGIN_MS
    if (freshEnough) {
      const result = await run(accessBy(token))
      if (result.ok || result.failure.kind !== 'unauthorized') return result
    }
    const refreshed = await refreshToken(deps, resourceId, sealer, token)
    if (!refreshed.ok) return refreshed
    token = refreshed.value
    return await run(accessBy(token))
  }

  function accessBy({ sealedAccessToken }: AccessToken): Access {
    const accessToken = sealer.open('sealed_access_token', sealedAccessToken)
    return { resourceId, accessToken, ...(signal && { signal }) }
  }

  /** The name of an add-on comes with its attachments. That it cannot be noted is no reason not to use them. */
  async function listAttachments(): Promise<HerokuResult<Attachment[]>> {
    const listed = await call(deps.platform.listAttachments)
    const present = listed.ok
      ? listed.value.find(({ addonName }) => addonName !== null)?.addonName
      : undefined
    if (!present || present === name) return listed
    try {
      await takeOverName(deps, resourceId, present)
      name = present
    } catch (error) {
      deps.log.warn({ err: error, resourceId }, 'the name was not taken over')
    }
    return listed
  }

  const { platform } = deps
  return {
    readConfig: () => call(platform.readConfig),
    writeConfig: (vars) => call((access) => platform.writeConfig(access, vars)),
    listAttachments,
    listReleases: (appId, count) => call((access) => platform.listReleases(access, appId, count)),
  }
}

function withoutToken(grantWaiting: boolean): HerokuResult<never> {
  if (grantWaiting) return failed(postponed('the grant is still to be exchanged'))
  return failed({ kind: 'no-access-token', detail: 'Heroku gave no grant, or it was lost' })
}

async function refreshToken(
  deps: Deps,
  resourceId: string,
  sealer: ResourceSealer,
  token: AccessToken,
): Promise<HerokuResult<AccessToken>> {
  const stored = await loadTokens(deps.db, resourceId)
  // Somebody else was faster.
  if (stored && stored.generation !== token.generation) return { ok: true, value: stored }
  const { generation } = token
  const sealedRefreshToken = stored?.sealedRefreshToken
  if (!sealedRefreshToken) {
    return failed({ kind: 'no-access-token', detail: 'Heroku gave no refresh token' })
  }
  if (!(await claimRefresh(deps.db, { resourceId, generation, leaseMs: REFRESH_LEASE_MS }))) {
    return failed(postponed('another process is refreshing the access token'))
  }
  const result = await deps.identity.refresh(sealer.open('sealed_refresh_token', sealedRefreshToken))
  if (!result.ok) {
    await releaseRefresh(deps.db, resourceId, generation)
    deps.log.warn({ resourceId, failure: describeFailure(result.failure) }, 'access token refresh failed')
    return failed(refreshFailure(result.failure))
  }
  const sealed = sealTokens(deps, sealer, result.value)
  const refreshed: StoredTokens = {
    ...sealed,
    // An answer to a refresh need not hold a new refresh token; then the old one stays good.
    sealedRefreshToken: sealed.sealedRefreshToken ?? sealedRefreshToken,
    generation: generation + 1,
  }
  const store = () =>
    deps.db.transaction().execute(async (trx) => {
      if (!(await replaceTokens(trx, resourceId, refreshed))) return
      const event = { at: deps.now(), kind: 'access-token-refreshed', actor: { type: 'worker' } } as const
      await recordEvents(trx, [{ resourceId, events: [event] }])
    })
  // Heroku may have replaced the refresh token, and the new one is nowhere but here: a second try costs little.
  await store().catch(store)
  return { ok: true, value: refreshed }
}

/** What Heroku says of a refresh token must not be taken for what it says of the resource. */
function refreshFailure(failure: HerokuFailure): HerokuFailure {
  const refused = ['unauthorized', 'missing', 'refused'].includes(failure.kind)
  return refused ? { ...failure, kind: 'refresh-refused' } : failure
}

function postponed(detail: string): HerokuFailure {
  return { kind: 'postponed', detail, retryAfterMs: LOOK_AGAIN_MS }
}

function failed(failure: HerokuFailure): HerokuResult<never> {
  return { ok: false, failure }
}
