import { describeFailure, type HerokuResult } from '../../domain/heroku-failure.ts'
import type { Tokens } from '../../heroku/identity.ts'
import type { ResourceSealer } from '../../sealing/sealing.ts'
import { type ClaimedGrant, claimGrants, findClaimedGrant, retryGrantIn } from '../../store/oauth-grants.ts'
import type { Deps } from '../deps.ts'
import { sealTokens } from '../heroku/seal-tokens.ts'
import { unreadable } from '../rotation/contained.ts'
import type { UnsealGuard } from '../rotation/unseal-guard.ts'
import type { FinishGrant } from './finish-grant.ts'

/** Longer than one call to Heroku may take, shorter than a grant code lives. */
const GRANT_LEASE_MS = 45_000
const GRANT_RETRY_MS = 10_000
/** A grant that nobody could send is kept for so long past its end: the longest `Retry-After` that is obeyed. */
const HELD_BACK_LIMIT_MS = 3_600_000

/** Claims up to `limit` grants that are due. */
export async function claimDueGrants(deps: Pick<Deps, 'db'>, limit: number): Promise<ClaimedGrant[]> {
  return await claimGrants(deps.db, { leaseMs: GRANT_LEASE_MS, limit })
}

/**
 * Exchanges a claimed grant code for tokens. Any process may do it, so a crash between the provision answer and the
 * exchange loses nothing. A failed exchange is tried again until the code's five minutes are over (Add-on Partner API
 * Reference). A worker that cannot unseal gives it back. One that breaks down stays claimed until its lease ends, and stops
 * nobody else.
 */
export async function exchangeGrant(
  deps: Deps,
  finish: FinishGrant,
  grant: ClaimedGrant,
  unsealing?: UnsealGuard,
): Promise<void> {
  const { resourceId, dek } = grant
  try {
    const result = await exchangeCode(deps, grant)
    if (result.ok) return await keepTokens(deps, finish, grant, result.value)
    const { failure } = result
    const isOurs = failure.kind === 'unreadable' && (await unsealing?.isOurs(resourceId, dek, failure))
    if (isOurs) await retryGrantIn(deps.db, grant, 0)
    else await endFailed(deps, finish, grant, result)
  } catch (error) {
    deps.log.error({ err: error, resourceId }, 'grant exchange interrupted')
  }
}

/** A code that does not open is a failure like any other: the sealing key that it lacks may yet be given back. */
async function exchangeCode(deps: Deps, grant: ClaimedGrant): Promise<HerokuResult<Tokens>> {
  try {
    const sealer = await deps.sealing.forResource(grant.resourceId, grant.dek)
    const code = sealer.open('sealed_code', grant.sealedCode)
    return await deps.identity.exchangeGrant(code, grant.resourceId)
  } catch (error) {
    return { ok: false, failure: unreadable(error) }
  }
}

/**
 * Seals the tokens and ends the grant with them. Where all values of the resource were sealed anew during the call, the
 * tokens are sealed by the present data key: the code is used up, and they are nowhere but here.
 */
async function keepTokens(
  deps: Deps,
  finish: FinishGrant,
  claimed: ClaimedGrant,
  tokens: Tokens,
): Promise<void> {
  let grant: ClaimedGrant | undefined = claimed
  for (let tries = 0; grant && tries < MOST_SEALINGS; tries += 1) {
    const sealer: ResourceSealer = await deps.sealing.forResource(grant.resourceId, grant.dek)
    if (await finish(grant, sealTokens(deps, sealer, tokens))) return
    grant = await findClaimedGrant(deps.db, grant)
  }
}

const MOST_SEALINGS = 3

async function endFailed(
  deps: Deps,
  finish: FinishGrant,
  grant: ClaimedGrant,
  result: HerokuResult<never> & { ok: false },
): Promise<void> {
  const { resourceId, expiresAt } = grant
  const retryAt = new Date(deps.now().getTime() + GRANT_RETRY_MS)
  const failure = describeFailure(result.failure)
  // What was never sent, or failed for another reason, says nothing of the code.
  const { kind, owner } = result.failure
  const isNotItsOwn = kind === 'held-back' || kind === 'own-key' || owner !== undefined
  const keptForMs = isNotItsOwn ? HELD_BACK_LIMIT_MS : 0
  if (retryAt.getTime() < expiresAt.getTime() + keptForMs) {
    // What no resource is to blame for is told once for all.
    if (!isNotItsOwn) deps.log.warn({ resourceId, failure }, 'grant exchange failed, will be tried again')
    await retryGrantIn(deps.db, grant, GRANT_RETRY_MS)
    return
  }
  deps.log.error({ resourceId, failure }, 'grant lost')
  await finish(grant, null)
}
