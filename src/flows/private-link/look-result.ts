import type { ConnectionFacts, EndpointFailure } from '../../domain/aws-endpoint.ts'
import { describeEndpointFailure } from '../../domain/aws-endpoint.ts'
import type { HistoryEvent, HistoryKind } from '../../domain/history.ts'
import { type LookFacts, statusAfter } from '../../domain/private-link-look.ts'
import type { ClaimedLink, LinkLookEnd } from '../../store/private-link-looks.ts'

/** What a look has found at AWS and done there. */
export type LookResult = {
  service: LookFacts['service']
  serviceName: string | null
  /** Of the accounts: those that AWS lets make endpoints by now, those that it does not take, and those that are off. */
  activeArns: readonly string[]
  refusedArns: readonly string[]
  removedArns: readonly string[]
  /** Undefined: they could not be listed. */
  connections: readonly ConnectionFacts[] | undefined
  /** Why the look stopped. */
  problem: EndpointFailure | undefined
  /** Why Heroku could not be told of its endpoints. */
  unpublished: string | undefined
  /** Something was changed at AWS, which shows only later. */
  changed: boolean
  /** An endpoint is on its way. */
  waiting: boolean
  /** Endpoints were let in just now. */
  entering: boolean
  /** AWS shows nothing of a link that is not wanted. */
  gone: boolean
}

/** A look that has found nothing yet. */
export const NOTHING_SEEN: LookResult = {
  service: 'on-its-way',
  serviceName: null,
  activeArns: [],
  refusedArns: [],
  removedArns: [],
  connections: undefined,
  problem: undefined,
  unpublished: undefined,
  changed: false,
  waiting: false,
  entering: false,
  gone: false,
}

/** What is written down of a look. */
export function endOf({ link, accounts, at }: ClaimedLink, look: LookResult): Omit<LinkLookEnd, 'againInMs'> {
  const { service, refusedArns, problem, unpublished } = look
  const attempts = problem || unpublished ? link.attempts + 1 : 0
  const anyActive = look.activeArns.length > 0 || accounts.some(({ status }) => status === 'Active')
  const { status, failure } = link
  const facts = {
    status,
    failure,
    askedAt: link.asked_at,
    service,
    refusedArns,
    anyActive,
    problem,
    attempts,
  }
  return {
    ...(link.wanted === 'present'
      ? statusAfter(facts, at)
      : ({ status: 'Deprovisioning', failure: null } as const)),
    attempts,
    lastFailure: problem ? describeEndpointFailure(problem) : (unpublished ?? null),
    whole: !problem,
    activeArns: look.activeArns,
    removedArns: look.removedArns,
    connections: look.connections,
  }
}

/** What the history tells of a look. An add-on that is gone has no more of it. */
export function eventsOf(
  { link, lives, connections, at }: ClaimedLink,
  look: LookResult,
  { status, failure }: Pick<LinkLookEnd, 'status' | 'failure'>,
): HistoryEvent[] {
  if (!lives) return []
  const tell = (kind: HistoryKind, details: HistoryEvent['details'] & object): HistoryEvent => ({
    at,
    kind,
    actor: { type: 'worker' },
    details,
  })
  const events: HistoryEvent[] = []
  if (status !== link.status && status === 'Operational') {
    events.push(tell('privatelink-operational', { service: look.serviceName ?? '' }))
  }
  if (status !== link.status && status === 'Failed') {
    events.push(tell('privatelink-failed', { why: failure ?? '' }))
  }
  if (!look.connections) return events
  const before = new Set(
    connections.filter(({ state }) => state === 'available').map(({ endpoint_id }) => endpoint_id),
  )
  const now = look.connections.filter(({ state }) => state === 'available')
  for (const { endpointId, ownerAccount } of now) {
    if (before.has(endpointId)) continue
    events.push(tell('privatelink-connection-available', { endpoint: endpointId, account: ownerAccount }))
  }
  for (const { endpoint_id: endpoint, account } of connections) {
    if (!before.has(endpoint) || now.some(({ endpointId }) => endpointId === endpoint)) continue
    events.push(tell('privatelink-connection-ended', { endpoint, account }))
  }
  return events
}
