import type { Actor } from '../domain/actor.ts'
import { SecurekeyError } from '../domain/errors.ts'
import type { HistoryEvent } from '../domain/history.ts'
import type { ResourceState } from '../domain/resource-state.ts'
import { isTokenLive } from '../store/api-tokens.ts'
import { writeChanges } from '../store/changes.ts'
import type { Db, Trx } from '../store/database.ts'
import { lockState, type StoredState } from '../store/keysets.ts'
import { findResource, type Resource } from '../store/resources.ts'
import { isSessionLive } from '../store/sessions.ts'
import type { Deps } from './deps.ts'

/** A live resource under its lock. */
export type LockedResource = { resource: Resource; stored: StoredState }

/** Which resource is changed, and who asks. */
export type Subject = { resourceId: string; actor?: Actor }

/** What somebody changes of a resource, and what the caller is told. Without `to` nothing is changed. */
export type ResourceChange<T> = {
  outcome: T
  to?: ResourceState
  erased?: readonly number[]
  events?: readonly HistoryEvent[]
  /** Takes the resource from the worker that is at it: whatever that one still writes is void. */
  takeover?: boolean
}

/**
 * Changes a live resource: its row is locked, `decide` looks at it, and what it returns is written in the same
 * transaction. A worker that is at the resource sees that it was changed. Throws `unknown-resource`, or `resource-gone`
 * after deprovision; and `unauthenticated` where the token of `actor` has ended since it was let in: that of a program, or
 * of a person by the command line.
 */
export async function changeResource<T>(
  deps: Pick<Deps, 'db' | 'now'>,
  subject: Subject,
  decide: (locked: LockedResource, trx: Trx) => ResourceChange<T> | Promise<ResourceChange<T>>,
): Promise<T> {
  return await deps.db.transaction().execute(async (trx) => {
    const locked = await lockResource(trx, subject)
    const { outcome, to, erased, events = [], takeover } = await decide(locked, trx)
    if (to) {
      const by = takeover ? 'takeover' : 'change'
      const change = { ...locked.stored, to, by, events, ...(erased && { erased }) } as const
      await writeChanges(trx, [change], deps.now())
    }
    return outcome
  })
}

/**
 * The live resource, its row locked until the transaction ends, or the refusal that says why there is none. Who came with
 * a token is asked for it once more: that may have ended while the request came in, and tokens end under this lock.
 */
export async function lockResource(trx: Trx, { resourceId, actor }: Subject): Promise<LockedResource> {
  const stored = await lockState(trx, resourceId)
  // By a later statement than the lock, to see what the lock had to wait for.
  const resource = await liveResource(trx, resourceId)
  if (!stored) throw new Error(`resource ${resourceId} has no keyset`)
  if (actor && (await hasEnded(trx, resourceId, actor))) {
    throw new SecurekeyError('unauthenticated', 'The token has ended.')
  }
  return { resource, stored }
}

async function hasEnded(trx: Trx, resourceId: string, actor: Actor): Promise<boolean> {
  if (actor.type === 'token') return !(await isTokenLive(trx, { id: actor.id, kind: 'api', resourceId }))
  if (actor.type === 'client') {
    return !(await isTokenLive(trx, { id: actor.id, kind: 'client', resourceId }))
  }
  if (actor.type !== 'person' || actor.commandLine === undefined) return false
  return !(await isSessionLive(trx, { handle: actor.commandLine, resourceId }))
}

/** The live resource, or the refusal that says why there is none. */
export async function liveResource(db: Db, resourceId: string): Promise<Resource> {
  const resource = await findResource(db, resourceId)
  if (!resource) throw unknownResource()
  if (resource.state === 'deprovisioned') throw gone()
  return resource
}

/** The refusal of everything that concerns an add-on that was never made here. */
export function unknownResource(): SecurekeyError {
  return new SecurekeyError('unknown-resource', 'There is no add-on of that id.')
}

/** The refusal of everything that concerns an add-on that was removed. */
export function gone(message = 'This add-on was deprovisioned.'): SecurekeyError {
  return new SecurekeyError('resource-gone', message)
}
