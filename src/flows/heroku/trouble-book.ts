import { describeFailure, type HerokuFailure } from '../../domain/heroku-failure.ts'
import {
  type Cause,
  type FailingResource,
  failingSinceSuccess,
  isProved,
  type Operation,
  ownerOf,
  probeEveryMs,
  proves,
  type Trouble,
} from '../../domain/trouble.ts'
import { wakeFailing } from '../../store/claims.ts'
import type { Trx } from '../../store/database.ts'
import { lockKnownTrouble, lockTrouble, type StoredTrouble, saveTrouble } from '../../store/troubles.ts'
import type { Deps } from '../deps.ts'

/** `now` is the clock that all processes share. */
export type BookDeps = Pick<Deps, 'db' | 'log'> & { now: () => Date }

/** Stuck resources are tried once a day; whoever was not seen to fail for longer is forgotten. */
const FORGOTTEN_AFTER_MS = 25 * 3_600_000
export const MOST_FAILING_KEPT = 50

/** A call of a resource that failed, for a cause that may not be its own. */
export type SeenFailure = { cause: Cause; operation: Operation; resourceId: string; failure: HerokuFailure }

/**
 * Writes down that a call failed, and the verdict where that proves it. `withSuccesses` adds what this process knows of
 * others. The process that finds the verdict tells of it, once for all. Returns the trouble as it is now.
 */
export async function recordFailure(
  deps: BookDeps,
  { cause, operation, resourceId, failure }: SeenFailure,
  withSuccesses: (known: Trouble['succeededAt']) => Trouble['succeededAt'],
): Promise<StoredTrouble> {
  const at = deps.now()
  const { trouble, begins } = await deps.db.transaction().execute(async (trx) => {
    const present = await lockTrouble(trx, cause, {
      probeAt: new Date(at.getTime() + probeEveryMs({ verdictAt: null }, at)),
    })
    const failing = withFailing(notForgotten(present, at), { resourceId, operation, at })
    const succeededAt = withSuccesses(present.succeededAt)
    const judged = { ...present, succeededAt, failing, failure: describeFailure(failure) }
    const begins = judged.verdictAt === null && isProved(judged)
    const trouble = begins ? { ...judged, verdictAt: at } : judged
    await saveTrouble(trx, trouble)
    return { trouble, begins }
  })
  if (begins) {
    const resources = new Set(trouble.failing.map((each) => each.resourceId)).size
    deps.log.error({ cause, owner: ownerOf(cause), failure: trouble.failure, resources }, 'trouble began')
  }
  return trouble
}

/** Writes down that a call succeeded, which may end the verdict. Returns the trouble as it is now, if it is still known. */
export async function recordSuccess(
  deps: BookDeps,
  { cause, operation, resourceId }: { cause: Cause; operation: Operation; resourceId: string },
): Promise<StoredTrouble | undefined> {
  const at = deps.now()
  return await changeKnown(deps, cause, (present) => ({
    ...present,
    succeededAt: { ...present.succeededAt, [operation]: at },
    failing: notForgotten(present, at).filter(
      (each) => each.resourceId !== resourceId || !proves(operation, each.operation),
    ),
  }))
}

/** Ends the verdict of a trouble whose failing resources are all gone. */
export async function settle(deps: BookDeps, trouble: StoredTrouble): Promise<StoredTrouble | undefined> {
  if (trouble.verdictAt === null || failingSinceSuccess(trouble).length > 0) return trouble
  return await changeKnown(deps, trouble.cause, (present) => present)
}

async function changeKnown(
  deps: BookDeps,
  cause: Cause,
  to: (present: StoredTrouble) => StoredTrouble,
): Promise<StoredTrouble | undefined> {
  const { trouble, endedSince } = await deps.db.transaction().execute(async (trx) => {
    const present = await lockKnownTrouble(trx, cause)
    if (!present) return { trouble: undefined, endedSince: null }
    const changed = to(present)
    const endedSince = failingSinceSuccess(changed).length === 0 ? changed.verdictAt : null
    const trouble = endedSince ? { ...changed, verdictAt: null } : changed
    await saveTrouble(trx, trouble)
    if (endedSince) await wake(trx, present, deps.now())
    return { trouble: trouble.failing.length === 0 ? undefined : trouble, endedSince }
  })
  if (endedSince) {
    const lastedMs = deps.now().getTime() - endedSince.getTime()
    deps.log.warn({ cause, owner: ownerOf(cause), since: endedSince, lastedMs }, 'trouble ended')
  }
  return trouble
}

/** Those that failed by it need not wait out the delays that they were given before it was known. */
async function wake(trx: Trx, { failing }: Trouble, now: Date): Promise<void> {
  await wakeFailing(
    trx,
    failing.map(({ resourceId }) => resourceId),
    now,
  )
}

function notForgotten(trouble: Trouble, now: Date): FailingResource[] {
  return trouble.failing.filter(({ lastAt }) => now.getTime() - lastAt.getTime() < FORGOTTEN_AFTER_MS)
}

function withFailing(
  failing: readonly FailingResource[],
  { resourceId, operation, at }: { resourceId: string; operation: Operation; at: Date },
): FailingResource[] {
  const isSame = (each: FailingResource) => each.resourceId === resourceId && each.operation === operation
  const firstAt = failing.find(isSame)?.firstAt ?? at
  const others = failing.filter((each) => !isSame(each))
  return [...others.slice(-(MOST_FAILING_KEPT - 1)), { resourceId, operation, firstAt, lastAt: at }]
}
