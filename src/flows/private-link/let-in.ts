import type {
  ConnectionFacts,
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
  const ended = reject.length > 0 ? await services.reject(at, reject) : NOTHING
  const entered = accept.length > 0 ? await services.accept(at, accept) : NOTHING
  const failed = [ended, entered].flatMap((result) => (result.ok ? result.value.failed : []))
  if (failed.length > 0) {
    deps.log.warn({ resourceId, endpoints: failed.slice(0, 5) }, 'private link: endpoints were not changed')
  }
  const problem = !ended.ok ? ended.failure : !entered.ok ? entered.failure : undefined
  const rejected = reject.filter((id) => ended.ok && !isAmong(ended.value.failed, id))
  const known = shown.filter(hasOwner).map((each): ConnectionFacts => {
    return rejected.includes(each.endpointId) ? { ...each, state: 'rejected' } : each
  })
  // An endpoint that could not be ended keeps its account from being off.
  const isLeft = reject.length > rejected.length
  return {
    connections: known,
    problem: problem ?? (isLeft ? { kind: 'busy', detail: 'endpoints were not rejected' } : undefined),
    changed: accept.length + rejected.length > 0,
    waiting: known.some(isWaiting),
    entering: accept.some((id) => entered.ok && !isAmong(entered.value.failed, id)),
  }
}

const UNSEEN = { connections: undefined, changed: false, waiting: false, entering: false }

const NOTHING: EndpointResult<{ failed: EndpointNotDone[] }> = { ok: true, value: { failed: [] } }

function isAmong(failed: readonly EndpointNotDone[], id: string): boolean {
  return failed.some(({ endpointId }) => endpointId === id)
}

/** Of an endpoint without an owner nobody could say whose it is. */
function hasOwner({ ownerAccount }: ConnectionFacts): boolean {
  return /^[0-9]{12}$/.test(ownerAccount)
}
