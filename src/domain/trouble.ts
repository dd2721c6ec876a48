import type { HerokuFailure } from './heroku-failure.ts'

/** What may be wrong beside a resource: our account at Heroku, or one of Heroku's two hosts. */
export type Cause = 'account' | 'api' | 'identity'

/** What a call does: gets tokens, reads, or writes. Heroku may still read while it does not write. */
export type Operation = 'token' | 'read' | 'write'

/** A resource whose calls have failed for a cause, and not succeeded since. */
export type FailingResource = { resourceId: string; operation: Operation; firstAt: Date; lastAt: Date }

/** All that is known of a cause. */
export type Trouble = {
  cause: Cause
  /** Since when it is proved that no resource is to blame; null: it is not. */
  verdictAt: Date | null
  /** When somebody may next try whether it is over. */
  probeAt: Date
  failing: readonly FailingResource[]
  /** When a call of another resource than the failing one last succeeded. */
  succeededAt: Readonly<Record<Operation, Date | null>>
}

/** So many resources with the same failure and no success in between prove that none of them is to blame. */
export const RESOURCES_FOR_A_VERDICT = 3
/** Where fewer fail, the same failure for so long without any success. */
const MS_FOR_A_VERDICT = 10 * 60_000
/** A verdict on fewer covers a resource for so long. What lasts longer is told as its own, and tried on. */
const MS_COVERED = 24 * 3_600_000
/** Calls that overlap tell the same moment of Heroku. */
const SAME_MOMENT_MS = 15_000
const PROBE_EVERY_MS = 15_000
/** How often it is tried whether a trouble is over that has lasted for a while. */
const PROBE_SLOWLY_EVERY_MS = 45_000
const LASTS_AFTER_MS = 10 * 60_000

/** The cause that such a failure may have beside its resource; undefined where it is the resource's own. */
export function causeOf(operation: Operation, { kind, status }: HerokuFailure): Cause | undefined {
  if (kind === 'unavailable') return operation === 'token' ? 'identity' : 'api'
  if (kind === 'unauthorized') return 'account'
  if (operation === 'token') return kind === 'refused' || kind === 'missing' ? 'account' : undefined
  return kind === 'refused' && status === 403 ? 'account' : undefined
}

/** Whose failures a cause makes. */
export function ownerOf(cause: Cause): 'account' | 'host' {
  return cause === 'account' ? 'account' : 'host'
}

/** Whose failures they make together: the account is named first, since nothing works without it. */
export function ownerOfAll(causes: readonly Cause[]): 'account' | 'host' | null {
  const owners = causes.map(ownerOf)
  return owners.find((owner) => owner === 'account') ?? owners[0] ?? null
}

/** Whether a success of one operation proves that the other would succeed: whoever can be written to can be read. */
export function proves(succeeded: Operation, operation: Operation): boolean {
  return succeeded === operation || (succeeded === 'write' && operation === 'read')
}

/** The resources that have failed since anybody last succeeded at the same. */
export function failingSinceSuccess(trouble: Trouble): FailingResource[] {
  return trouble.failing.filter(({ operation, lastAt }) => lastAt.getTime() > provedMs(trouble, operation))
}

/**
 * Whether the failures have another owner than their resources: the same on three of them with no success in between, or
 * for ten minutes without any success. A resource that failed while others succeeded says nothing by its persistence.
 */
export function isProved(trouble: Trouble): boolean {
  const failing = failingSinceSuccess(trouble)
  const isNew = failing.some(({ operation, firstAt }) => firstAt.getTime() > provedMs(trouble, operation))
  if (countOf(failing) >= RESOURCES_FOR_A_VERDICT && isNew) return true
  const unopposed = failing.filter((each) => isUnopposed(trouble, each))
  const firstMs = Math.min(...unopposed.map(({ firstAt }) => firstAt.getTime()))
  const lastMs = Math.max(...unopposed.map(({ lastAt }) => lastAt.getTime()))
  return lastMs - firstMs >= MS_FOR_A_VERDICT
}

/** Whether a failure costs a resource no attempt. One that fails almost alone cannot hide behind a verdict for ever. */
export function isCovered(trouble: Trouble, resourceId: string, now: Date): boolean {
  if (trouble.verdictAt === null) return false
  if (countOf(failingSinceSuccess(trouble)) >= RESOURCES_FOR_A_VERDICT) return true
  const since = trouble.failing.filter((each) => each.resourceId === resourceId)
  return since.every(({ firstAt }) => now.getTime() - firstAt.getTime() < MS_COVERED)
}

/** How often it is tried whether a trouble is over, by whomever. */
export function probeEveryMs({ verdictAt }: Pick<Trouble, 'verdictAt'>, now: Date): number {
  const lasts = verdictAt !== null && now.getTime() - verdictAt.getTime() > LASTS_AFTER_MS
  return lasts ? PROBE_SLOWLY_EVERY_MS : PROBE_EVERY_MS
}

/**
 * Whether such calls of all resources are held back. A verdict on fewer than three resources holds nobody back but them:
 * whoever else comes due proves it, or ends it.
 */
export function holdsBack(trouble: Trouble, operation: Operation): boolean {
  if (trouble.verdictAt === null) return false
  const failing = failingSinceSuccess(trouble)
  return (
    countOf(failing) >= RESOURCES_FOR_A_VERDICT && failing.some((each) => proves(operation, each.operation))
  )
}

/**
 * What to ask of a resource that is not due, to learn whose failure it is: nothing while a single resource fails that has
 * failed beside others' success. A write restarts apps, so none is made for that.
 */
export function questionOf(trouble: Trouble): 'token' | 'read' | undefined {
  const failing = failingSinceSuccess(trouble)
  const open = failing.filter((each) => countOf(failing) > 1 || isUnopposed(trouble, each))
  if (open.some(({ operation }) => operation === 'token')) return 'token'
  return open.some(({ operation }) => operation === 'read') ? 'read' : undefined
}

function isUnopposed(trouble: Trouble, { operation, firstAt }: FailingResource): boolean {
  return firstAt.getTime() - SAME_MOMENT_MS > provedMs(trouble, operation)
}

function provedMs({ succeededAt }: Trouble, operation: Operation): number {
  const times = (['token', 'read', 'write'] as const)
    .filter((succeeded) => proves(succeeded, operation))
    .map((succeeded) => succeededAt[succeeded]?.getTime() ?? Number.NEGATIVE_INFINITY)
  return Math.max(...times)
}

function countOf(failing: readonly FailingResource[]): number {
  return new Set(failing.map(({ resourceId }) => resourceId)).size
}
