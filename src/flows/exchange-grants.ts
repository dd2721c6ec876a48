import { describeFailure, type HerokuResult } from '../domain/heroku-failure.ts'
import { insertAuditEvents } from '../store/audit-events.ts'
import { type ClaimedGrant, claimGrants, finishGrant, retryGrantAt } from '../store/oauth-grants.ts'
import { saveTokens } from '../store/oauth-tokens.ts'
import type { Deps } from './deps.ts'
import { unreadable } from './group.ts'
import { type NewTokens, sealTokens } from './seal-tokens.ts'

/** Longer than one call to Heroku may take, shorter than a grant code lives. */
const GRANT_LEASE_MS = 45_000
const GRANT_RETRY_MS = 10_000
const GRANTS_PER_ROUND = 20
/** A grant that nobody could send is kept for so long past its end: the longest `Retry-After` that is obeyed. */
const HELD_BACK_LIMIT_MS = 3_600_000

/**
 * Exchanges grant codes that wait: the one of `resourceId` at once after its provision, or whatever is due. Any
 * process may do it, so a crash between the provision answer and the exchange loses nothing. A failed exchange is
 * tried again until the code's five minutes are over (Add-on Partner API Reference). Answers how many were claimed.
 */
export async function exchangeGrants(deps: Deps, request: { resourceId?: string } = {}): Promise<number> {
  const now = deps.now()
  const { resourceId } = request
  const grants = await claimGrants(deps.db, {
    now,
    leaseUntil: new Date(now.getTime() + GRANT_LEASE_MS),
    limit: GRANTS_PER_ROUND,
    ...(resourceId === undefined ? {} : { resourceId }),
  })
  await Promise.all(
    grants.map((grant) =>
      // One that breaks down stays claimed until its lease ends, and stops nobody else.
      exchange(deps, grant).catch((error: unknown) => {
        deps.log.error({ err: error, resourceId: grant.resourceId }, 'grant exchange interrupted')
      }),
    ),
  )
  return grants.length
}

async function exchange(deps: Deps, grant: ClaimedGrant): Promise<void> {
  const { resourceId } = grant
  const result = await exchangeCode(deps, grant)
  if (result.ok) {
    await finish(deps, grant, 'exchanged', result.value)
    return
  }
  const retryAt = new Date(deps.now().getTime() + GRANT_RETRY_MS)
  const failure = describeFailure(result.failure)
  // What was never sent says nothing of the code.
  const neverSent = result.failure.kind === 'held-back'
  if (
    retryAt < grant.expiresAt ||
    (neverSent && retryAt.getTime() < grant.expiresAt.getTime() + HELD_BACK_LIMIT_MS)
  ) {
    deps.log.warn({ resourceId, failure }, 'grant exchange failed, will be tried again')
    await retryGrantAt(deps.db, grant, retryAt)
    return
  }
  deps.log.error({ resourceId, failure }, 'grant lost')
  await finish(deps, grant, 'lost', undefined)
}

/** A code that does not open is a failure like any other: the sealing key that it lacks may yet be given back. */
async function exchangeCode(deps: Deps, grant: ClaimedGrant): Promise<HerokuResult<NewTokens>> {
  try {
    const sealer = await deps.sealing.forResource(grant.resourceId, grant.wrappedDek)
    const result = await deps.identity.exchangeGrant(await sealer.open('sealed_code', grant.sealedCode))
    return result.ok ? { ok: true, value: await sealTokens(deps, sealer, result.value) } : result
  } catch (error) {
    return { ok: false, failure: unreadable(error) }
  }
}

async function finish(
  deps: Deps,
  grant: ClaimedGrant,
  state: 'exchanged' | 'lost',
  tokens: NewTokens | undefined,
): Promise<void> {
  const { resourceId } = grant
  await deps.db.transaction().execute(async (trx) => {
    // Not ours any more when the resource was deprovisioned meanwhile; then the tokens are dropped.
    if (!(await finishGrant(trx, grant, state))) return
    if (tokens) await saveTokens(trx, resourceId, tokens)
    const action = state === 'exchanged' ? 'grant-exchanged' : 'grant-lost'
    await insertAuditEvents(trx, [{ resourceId, at: deps.now(), actor: { type: 'worker' }, action }])
  })
}
