import {
  costsNoAttempt,
  describeFailure,
  type HerokuFailure,
  type HerokuResult,
} from '../../domain/heroku-failure.ts'
import type { WrappedDek } from '../../domain/wrapped-dek.ts'
import type { Tokens } from '../../heroku/identity.ts'
import type { ResourceSealer } from '../../sealing/sealing.ts'
import { recordEvents } from '../../store/history.ts'
import {
  type AccessToken,
  claimRefresh,
  loadTokensAndDek,
  releaseRefresh,
  replaceTokens,
  type StoredTokens,
} from '../../store/oauth-tokens.ts'
import type { Deps } from '../deps.ts'
import { sealTokens } from './seal-tokens.ts'

/** What opens the secrets of a resource, and the data key that it is made of. */
export type Opener = { sealer: ResourceSealer; dek: WrappedDek }
/** An access token and what opens it. */
export type OpenedToken = Opener & { token: AccessToken }

/** Longer than a call to Heroku with its wait for the budget. */
const REFRESH_LEASE_MS = 45_000
/** When to look again while somebody else is exchanging or refreshing. */
const LOOK_AGAIN_MS = 3_000

/**
 * Gets a newer access token than the one at hand, from the database or from Heroku. All that is stored may be sealed anew
 * at any time, so what opens the token is returned with it. `postponed`: another process is just getting one.
 */
export async function refreshToken(
  deps: Deps,
  resourceId: string,
  { token, ...known }: OpenedToken,
): Promise<HerokuResult<OpenedToken>> {
  const stored = await loadTokensAndDek(deps.db, resourceId)
  const sealedRefreshToken = stored?.tokens.sealedRefreshToken
  const opener = stored ? await openerOf(deps, resourceId, known, stored.dek) : known
  // Somebody else was faster.
  if (stored && stored.tokens.generation !== token.generation) {
    return { ok: true, value: { ...opener, token: stored.tokens } }
  }
  if (!stored || !sealedRefreshToken) {
    return { ok: false, failure: { kind: 'no-access-token', detail: 'Heroku gave no refresh token' } }
  }
  const { generation } = token
  if (!(await claimRefresh(deps.db, { resourceId, generation, leaseMs: REFRESH_LEASE_MS }))) {
    return { ok: false, failure: postponed('another process is refreshing the access token') }
  }
  const secret = opener.sealer.open('sealed_refresh_token', sealedRefreshToken)
  const result = await deps.identity.refresh(secret, resourceId)
  if (!result.ok) {
    await releaseRefresh(deps.db, resourceId, generation)
    // What no resource is to blame for is told once for all.
    if (!costsNoAttempt(result.failure)) {
      deps.log.warn({ resourceId, failure: describeFailure(result.failure) }, 'access token refresh failed')
    }
    return { ok: false, failure: refreshFailure(result.failure) }
  }
  const store = () => storeRefreshed(deps, resourceId, result.value, { ...opener, tokens: stored.tokens })
  // Heroku may have replaced the refresh token, and the new one is nowhere but here: a second try costs little.
  return { ok: true, value: await store().catch(store) }
}

/**
 * Stores what Heroku handed out. Where all values of the resource were sealed anew during the call, this is sealed by the
 * present data key too. Tokens for which there is no place any more are good for this one use all the same.
 */
async function storeRefreshed(
  deps: Deps,
  resourceId: string,
  fresh: Tokens,
  read: Opener & { tokens: StoredTokens },
): Promise<OpenedToken> {
  return await deps.db.transaction().execute(async (trx) => {
    const refreshed = await replace(read)
    if (refreshed.isStored) return refreshed.opened
    // Under the lock that the replacement took.
    const present = await loadTokensAndDek(trx, resourceId)
    if (present?.tokens.generation !== read.tokens.generation) return refreshed.opened
    const opener = await openerOf(deps, resourceId, read, present.dek)
    return (await replace({ ...opener, tokens: present.tokens })).opened

    async function replace({ tokens, ...opener }: Opener & { tokens: StoredTokens }) {
      const sealed = sealTokens(deps, opener.sealer, fresh)
      const token: StoredTokens = {
        ...sealed,
        // An answer to a refresh need not hold a new refresh token; then the old one stays good.
        sealedRefreshToken: sealed.sealedRefreshToken ?? tokens.sealedRefreshToken,
        generation: tokens.generation + 1,
      }
      const isStored = await replaceTokens(trx, resourceId, token, tokens.sealedAccessToken)
      const event = { at: deps.now(), kind: 'access-token-refreshed', actor: { type: 'worker' } } as const
      if (isStored) await recordEvents(trx, [{ resourceId, events: [event] }])
      return { isStored, opened: { ...opener, token } }
    }
  })
}

async function openerOf(deps: Deps, resourceId: string, known: Opener, dek: WrappedDek): Promise<Opener> {
  if (known.dek.wrapped.equals(dek.wrapped)) return { sealer: known.sealer, dek }
  return { sealer: await deps.sealing.forResource(resourceId, dek), dek }
}

/** What Heroku says of a refresh token must not be taken for what it says of the resource. */
function refreshFailure(failure: HerokuFailure): HerokuFailure {
  const refused = ['unauthorized', 'missing', 'refused'].includes(failure.kind)
  return refused ? { ...failure, kind: 'refresh-refused' } : failure
}

/** The failure of what somebody else is just getting. */
export function postponed(detail: string): HerokuFailure {
  return { kind: 'postponed', detail, retryAfterMs: LOOK_AGAIN_MS }
}
