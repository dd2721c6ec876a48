import type { ConnectionFacts, ConnectionState, EndpointFailure } from './aws-endpoint.ts'
import type { LinkStatus } from './private-link.ts'

/** What is known of an endpoint from the last look. */
export type KnownConnection = { endpointId: string; state: ConnectionState }

const OPEN: readonly ConnectionState[] = ['pendingacceptance', 'pending', 'available', 'partial', 'unknown']
const WAITING: readonly ConnectionState[] = ['pendingacceptance', 'pending', 'partial', 'deleting']

/** Whether an endpoint is there, so that it must be ended before its service can be deleted. */
export function isOpen({ state }: Pick<ConnectionFacts, 'state'>): boolean {
  return OPEN.includes(state)
}

/** Whether something is about to become of an endpoint, so that it is looked at soon. */
export function isWaiting({ state }: Pick<ConnectionFacts, 'state'>): boolean {
  return WAITING.includes(state)
}

/**
 * What to do with the endpoints that AWS shows: those of an allowed account are let in, all others are ended. AWS itself has
 * checked the user or role when the endpoint was made; of its owner it shows the account alone. One that somebody has rejected
 * by hand is let in again once: where AWS does not do that, its customer must make another.
 */
export function judgeConnections(
  shown: readonly ConnectionFacts[],
  facts: { allowed: ReadonlySet<string>; known: readonly KnownConnection[]; accountsChanged: boolean },
): { accept: string[]; reject: string[] } {
  const { allowed, known, accountsChanged } = facts
  const isNew = ({ endpointId }: ConnectionFacts) =>
    accountsChanged || known.find((each) => each.endpointId === endpointId)?.state === 'available'
  const ours = shown.filter(({ ownerAccount }) => allowed.has(ownerAccount))
  const others = shown.filter(({ ownerAccount }) => !allowed.has(ownerAccount))
  return {
    accept: ours
      .filter((each) => each.state === 'pendingacceptance' || (each.state === 'rejected' && isNew(each)))
      .map(({ endpointId }) => endpointId),
    reject: others.filter(isOpen).map(({ endpointId }) => endpointId),
  }
}

/** What a look at a link has come to, as far as its status depends on it. */
export type LookFacts = {
  status: LinkStatus
  failure: string | null
  askedAt: Date
  /** `not-shown`: AWS has not shown it just now, which may mean nothing. */
  service: 'available' | 'failed' | 'on-its-way' | 'not-shown'
  /** Those that AWS does not take, and whether any was taken. */
  refusedArns: readonly string[]
  anyActive: boolean
  problem: EndpointFailure | undefined
  /** Failed looks in a row, this one too. */
  attempts: number
}

const GIVEN_UP_AFTER_MS = 30 * 60_000
/**
 * Failures that no waiting mends, as a rule, are believed the third time. A right that we lack is none: whoever gives it to us
 * does so within the half hour, and nobody's request is at fault.
 */
const BELIEVED_AFTER = 3
const LASTING: readonly EndpointFailure['kind'][] = ['quota', 'invalid', 'unsupported']

/**
 * The status of a link that is wanted. One that was operational stays so while AWS cannot be asked or does not show it. One that
 * is not made within half an hour has failed, though it is tried on: whoever waits for it must not wait for ever.
 */
export function statusAfter(facts: LookFacts, now: Date): { status: LinkStatus; failure: string | null } {
  const { status, failure, service, refusedArns, anyActive, problem, attempts } = facts
  const failed = (words: string) => ({ status: 'Failed', failure: words }) as const
  if (service === 'failed')
    return failed('AWS could not make the endpoint service. Destroy the link, then create it again.')
  if (service === 'available' && !problem) {
    if (refusedArns.length > 0 && !anyActive) {
      return failed(
        `AWS does not take ${refusedArns[0]}: no such user, role or account is there. Add the right one.`,
      )
    }
    return { status: 'Operational', failure: null }
  }
  if (status === 'Operational') {
    // Whoever was asked for it long ago has half an hour again from now on.
    const isGone = !problem && service !== 'not-shown'
    return { status: isGone ? 'Provisioning' : status, failure: null }
  }
  if (problem && LASTING.includes(problem.kind) && attempts >= BELIEVED_AFTER)
    return failed(WORDS[problem.kind])
  if (now.getTime() - facts.askedAt.getTime() >= GIVEN_UP_AFTER_MS)
    return failed(WORDS[problem?.kind ?? 'outage'])
  if (problem && status === 'Failed') return { status, failure }
  return { status: 'Provisioning', failure: null }
}

const TRYING = 'We go on trying; it becomes operational when this is over.'
const WORDS: Readonly<Record<EndpointFailure['kind'], string>> = {
  refused: `The fault is ours: AWS gives this service no right to make endpoint services at the moment. ${TRYING}`,
  limited: `The fault is ours: AWS takes no more calls from this service at the moment. ${TRYING}`,
  quota: `The fault is ours: this service has reached a limit of its own AWS account. ${TRYING}`,
  missing: `AWS does not show the endpoint service that it made. ${TRYING}`,
  busy: `AWS does not let go of endpoints of this link. ${TRYING}`,
  invalid: `The fault is ours: AWS does not take what this service asks for. ${TRYING}`,
  unsupported: 'AWS offers no endpoint services in this region.',
  outage: `AWS has not made the endpoint service within half an hour. ${TRYING}`,
}

const SOON_MS = 10_000
const STEADY_MS = 45_000
const OPERATIONAL_MS = 60_000
/** However many links there are, AWS is asked for two a second. */
const EACH_MS = 500
const LONGEST_BACK_OFF_MS = 10 * 60_000
const JUST_ASKED_MS = 2 * 60_000

/** When a link is next looked at. `random`: from 0 up to 1. `links`: how many there are. */
export function lookAgainMs(
  facts: {
    status: LinkStatus
    askedAt: Date
    attempts: number
    /** Something was changed at AWS, or is about to. */
    changed: boolean
    waiting: boolean
    links: number
  },
  now: Date,
  random: number,
): number {
  const jittered = (ms: number) => Math.round(ms * (0.9 + random / 5))
  if (facts.attempts > 0) {
    const doubled = SOON_MS * 2 ** Math.min(facts.attempts - 1, 10)
    return Math.round(Math.min(doubled, LONGEST_BACK_OFF_MS) * (0.5 + random / 2))
  }
  if (facts.changed) return SOON_MS
  const justAsked = now.getTime() - facts.askedAt.getTime() < JUST_ASKED_MS
  const settled = facts.status === 'Operational' || facts.status === 'Failed'
  if (!settled || facts.waiting) return justAsked ? SOON_MS : jittered(STEADY_MS)
  return jittered(Math.max(OPERATIONAL_MS, facts.links * EACH_MS))
}
