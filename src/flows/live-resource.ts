import { SecurekeyError } from '../domain/errors.ts'
import { nextWakeAt } from '../domain/rotation.ts'
import type { Db, Trx } from '../store/database.ts'
import { liveKeysOf } from '../store/key-versions.ts'
import { findResource, type Resource } from '../store/resources.ts'
import { unfinishedRotation } from '../store/rotations.ts'
import { findSchedule, lockForChange, setWakeAt } from '../store/schedule.ts'

/** The resource, locked and marked as changed by its caller, or the refusal that says why there is none. */
export async function liveResource(trx: Trx, resourceId: string): Promise<Resource> {
  await lockForChange(trx, resourceId)
  // By a later statement than the lock, to see what the lock had to wait for.
  const resource = await findResource(trx, resourceId)
  if (!resource) throw new SecurekeyError('unknown-resource', 'There is no add-on of that id.')
  if (resource.state === 'deprovisioned') {
    throw new SecurekeyError('resource-gone', 'This add-on was deprovisioned.')
  }
  return resource
}

/**
 * Sets when a worker next looks at a resource, after its dates, grace period or keys were changed by somebody else.
 * An unfinished rotation keeps its own time. The caller holds the resource's lock.
 */
export async function wakeWhenNeeded(trx: Db, resourceId: string, now: Date): Promise<void> {
  if (await unfinishedRotation(trx, resourceId)) return
  const resource = await findResource(trx, resourceId)
  const schedule = await findSchedule(trx, resourceId)
  const keyset = (await liveKeysOf(trx, [resourceId])).get(resourceId)
  if (!resource || !schedule || !keyset) throw new Error(`resource ${resourceId} has no schedule or keys`)
  const wakeAt = nextWakeAt({ ...schedule, keyset, grace: resource.grace }, now)
  await setWakeAt(trx, resourceId, wakeAt, now)
}
