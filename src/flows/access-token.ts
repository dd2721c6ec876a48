import { describeFailure, type HerokuResult } from '../domain/heroku-failure.ts'
import type { ResourceSealer } from '../sealing/sealing.ts'
import { insertAuditEvents } from '../store/audit-events.ts'
import { claimRefresh, releaseRefresh, replaceTokens, type StoredTokens } from '../store/oauth-tokens.ts'
import type { Deps } from './deps.ts'
import { sealTokens } from './seal-tokens.ts'

/** A resource on whose behalf Heroku is called. */
export type Caller = {
  resourceId: string
  sealer: ResourceSealer
  tokens: StoredTokens | null
  grantWaiting: boolean
}

/** A token with less life than this left is refreshed first, so that it cannot expire on the way. */
const REFRESH_MARGIN_MS = 120_000
/** Longer than a call to Heroku with its wait for the budget. */
const REFRESH_LEASE_MS = 45_000
/** When to look again while somebody else is exchanging or refreshing. */
const LOOK_AGAIN_MS = 3_000

/**
 * Makes a call with the resource's access token: refreshed beforehand when it is about to expire, and once more when
 * Heroku answers 401. The failure `postponed` means that another process is just getting a token.
 */
export async function withAccessToken<T>(
  deps: Deps,
  caller: Caller,
  call: (accessToken: string) => Promise<HerokuResult<T>>,
): Promise<HerokuResult<T>> {
  const { tokens, sealer } = caller
  if (!tokens) return withoutTokens(caller)
  const freshEnough = tokens.accessExpiresAt.getTime() - deps.now().getTime() > REFRESH_MARGIN_MS
  if (freshEnough) {
    const result = await call(await sealer.open('sealed_access_token', tokens.sealedAccessToken))
    if (result.ok || result.failure.kind !== 'unauthorized') return result
  }
  const refreshed = await refreshTokens(deps, caller, tokens)
  if (!refreshed.ok) return refreshed
  // Later calls in the same piece of work take the new token.
  caller.tokens = refreshed.value
  return await call(await sealer.open('sealed_access_token', refreshed.value.sealedAccessToken))
}

function withoutTokens(caller: Caller): HerokuResult<never> {
  if (caller.grantWaiting) return postponed('the grant is still to be exchanged')
  return { ok: false, failure: { kind: 'no-access-token', detail: 'Heroku gave no grant, or it was lost' } }
}

async function refreshTokens(
  deps: Deps,
  caller: Caller,
  tokens: StoredTokens,
): Promise<HerokuResult<StoredTokens>> {
  const { resourceId, sealer } = caller
  const { generation, sealedRefreshToken } = tokens
  if (sealedRefreshToken === null) {
    return { ok: false, failure: { kind: 'no-access-token', detail: 'Heroku gave no refresh token' } }
  }
  const now = deps.now()
  const until = new Date(now.getTime() + REFRESH_LEASE_MS)
  if (!(await claimRefresh(deps.db, { resourceId, generation, now, until }))) {
    return postponed('another process is refreshing the access token')
  }
  const result = await deps.identity.refresh(await sealer.open('sealed_refresh_token', sealedRefreshToken))
  if (!result.ok) {
    await releaseRefresh(deps.db, resourceId, generation)
    deps.log.warn({ resourceId, failure: describeFailure(result.failure) }, 'access token refresh failed')
    return refreshFailure(result)
  }
  const sealed = await sealTokens(deps, sealer, result.value)
  const refreshed: StoredTokens = {
    ...sealed,
    // An answer to a refresh need not hold a new refresh token; then the old one stays good.
    sealedRefreshToken: sealed.sealedRefreshToken ?? sealedRefreshToken,
    generation: generation + 1,
  }
  await deps.db.transaction().execute(async (trx) => {
    if (!(await replaceTokens(trx, resourceId, refreshed))) return
    await insertAuditEvents(trx, [
      { resourceId, at: deps.now(), actor: { type: 'worker' }, action: 'access-token-refreshed' },
    ])
  })
  return { ok: true, value: refreshed }
}

/** What Heroku says of a refresh token must not be taken for what it says of the resource. */
function refreshFailure(result: HerokuResult<never> & { ok: false }): HerokuResult<never> {
  const { failure } = result
  const refused = ['unauthorized', 'missing', 'refused'].includes(failure.kind)
  return refused ? { ok: false, failure: { ...failure, kind: 'refresh-refused' } } : result
}

function postponed(detail: string): HerokuResult<never> {
  return { ok: false, failure: { kind: 'postponed', detail, retryAfterMs: LOOK_AGAIN_MS } }
}
