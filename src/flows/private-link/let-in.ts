import type {
  ConnectionFacts,
  EndpointFailure,
  EndpointNotDone,
  EndpointResult,
  EndpointServices,
  ServicePlace,
} from '../../domain/aws-endpoint.ts'
import { accountOf } from '../../domain/private-link-accounts.ts'
import { isWaiting, judgeConnections } from '../../domain/private-link-look.ts'
import type { ClaimedLink } from '../../store/private-link-looks.ts'
import type { Deps } from '../deps.ts'
import type { LookResult } from './look-result.ts'

type LetIn = Pick<LookResult, 'connections' | 'problem' | 'changed' | 'waiting' | 'entering'>

/** So many endpoints of a link are known here; it is more than AWS allows. */
const MOST_CONNECTIONS = 200

/** Lets in the endpoints of those accounts that the customer has named, and ends all others. */
export async function letIn(
  deps: Pick<Deps, 'log'>,
  services: EndpointServices,
  { resourceId, link, accounts, connections }: ClaimedLink,
  at: ServicePlace,
): Promise<LetIn> {
  const listed = await services.listConnections(at)
  if (!listed.ok && listed.failure.kind === 'unsupported') {
    return { ...UNSEEN, problem: undefined }
  }
  if (!listed.ok) return { ...UNSEEN, problem: listed.failure }
  const shown = listed.value.filter(({ state }) => state !== 'deleted').slice(0, MOST_CONNECTIONS)
  const { accept, reject } = judgeConnections(shown, {
    allowed: new Set(accounts.filter(({ status }) => status !== 'Removing').map(({ arn }) => accountOf(arn))),
    known: connections.map(({ endpoint_id: endpointId, state }) => ({ endpointId, state })),
    accountsChanged: link.looked_at === null || link.asked_at > link.looked_at,
  })
  const stateOf = (id: string) => shown.find(({ endpointId }) => endpointId === id)?.state
  const ended = await oneByOne((ids) => services.reject(at, ids), reject)
  const isFirst = (id: string) => stateOf(id) !== 'rejected'
  const entered = await oneByOne((ids) => services.accept(at, ids), accept.filter(isFirst))
  // Whether AWS lets in at all what was rejected is not known: that it does not is no failure of the link.
  await oneByOne(
    (ids) => services.accept(at, ids),
    accept.filter((id) => !isFirst(id)),
  )
  const failed = [ended, entered].flatMap((result) => (result.ok ? result.value.failed : []))
  if (failed.length > 0) {
    deps.log.warn({ resourceId, endpoints: failed.slice(0, 5) }, 'private link: endpoints were not changed')
  }
  const failedToEnter = entered.ok ? entered.value.failed.length : 0
  const problem = !ended.ok ? ended.failure : !entered.ok ? entered.failure : undefined
  const rejected = reject.filter((id) => ended.ok && !isAmong(ended.value.failed, id))
  const before = new Map(connections.map((each) => [each.endpoint_id, each]))
  const known = shown.filter(hasOwner).map((each): ConnectionFacts => {
    const dnsName = each.dnsName ?? before.get(each.endpointId)?.dns_name ?? null
    return { ...each, dnsName, ...(rejected.includes(each.endpointId) && { state: 'rejected' }) }
  })
  // An endpoint that could not be ended keeps its account from being off.
  const isLeft = reject.length > rejected.length
  return {
    connections: known,
    problem: problem ?? (isLeft ? { kind: 'busy', detail: 'endpoints were not rejected' } : undefined),
    changed: accept.length + rejected.length > failedToEnter,
    waiting: known.some(isWaiting),
    // One that AWS goes on showing as waiting keeps no other one waiting.
    entering: accept.some((id) => entered.ok && !isAmong(entered.value.failed, id) && !before.has(id)),
  }
}

const UNSEEN = { connections: undefined, changed: false, waiting: false, entering: false }

const NOTHING: EndpointResult<{ failed: EndpointNotDone[] }> = { ok: true, value: { failed: [] } }

function isAmong(failed: readonly EndpointNotDone[], id: string): boolean {
  return failed.some(({ endpointId }) => endpointId === id)
}

type Ask = (endpointIds: readonly string[]) => Promise<EndpointResult<{ failed: EndpointNotDone[] }>>

/** Kinds of a failure that may be that of one endpoint among many, which AWS does not name. */
const OF_ONE: readonly EndpointFailure['kind'][] = ['invalid', 'missing']
/** One look tries so many one by one. */
const MOST_TRIED = 10

/** Asks for all at once, and one by one where whoever answers takes all or none. */
async function oneByOne(ask: Ask, ids: readonly string[]): ReturnType<Ask> {
  if (ids.length === 0) return NOTHING
  const all = await ask(ids)
  if (all.ok || !OF_ONE.includes(all.failure.kind)) return all
  const notTried = ids.length === 1 ? ids : ids.slice(MOST_TRIED)
  const failed = notTried.map((endpointId) => ({ endpointId, code: all.failure.detail }))
  for (const endpointId of ids.slice(0, MOST_TRIED).filter((id) => !notTried.includes(id))) {
    const one = await ask([endpointId])
    if (one.ok) failed.push(...one.value.failed)
    else if (OF_ONE.includes(one.failure.kind)) failed.push({ endpointId, code: one.failure.detail })
    else return one
  }
  return { ok: true, value: { failed } }
}

/** Of an endpoint without an owner nobody could say whose it is. */
function hasOwner({ ownerAccount }: ConnectionFacts): boolean {
  return /^[0-9]{12}$/.test(ownerAccount)
}
