import type { AuditEvent } from '../domain/audit.ts'
import { SecurekeyError } from '../domain/errors.ts'
import type { GracePeriod } from '../domain/grace.ts'
import type { Pause } from '../domain/pause.ts'
import { listAuditEvents } from '../store/audit-events.ts'
import { type KeyTimes, listKeyTimes } from '../store/key-times.ts'
import { findResource, type Resource } from '../store/resources.ts'
import { listRotations, type RotationRecord, unfinishedRotation } from '../store/rotations.ts'
import { findSchedule } from '../store/schedule.ts'
import type { Deps } from './deps.ts'

/** A page of a list, newest first; `olderThan` is the cursor of the next page, undefined on the last. */
export type Page<T> = { items: T[]; olderThan: string | undefined }
export type AuditRow = AuditEvent & { id: string }

/** Everything that the dashboard's first page shows of a resource, as of one moment, without any secret. */
export type Overview = {
  resourceId: string
  name: string | null
  plan: string
  periodMs: number
  grace: GracePeriod
  graceFloorMs: number
  now: Date
  missingSince: Date | null
  nextRotationAt: Date
  pause: Pause | null
  /** When the worker next tries, while a rotation is unfinished. */
  wakeAt: Date | null
  unfinished: RotationRecord | null
  /** The newest versions, newest first. */
  keys: KeyTimes[]
  history: Page<RotationRecord>
  audit: Page<AuditRow>
}

const KEYS_SHOWN = 40
const ROTATIONS_ON_OVERVIEW = 5
const AUDIT_ROWS_ON_OVERVIEW = 6
const ROWS_PER_PAGE = 25

/** Reads all of it in one snapshot, so that no rotation is half done on the page. Throws `resource-gone`. */
export async function readOverview(deps: Deps, resourceId: string): Promise<Overview> {
  const snapshot = deps.db.transaction().setIsolationLevel('repeatable read').setAccessMode('read only')
  return await snapshot.execute(async (trx) => {
    const resource = await findResource(trx, resourceId)
    const schedule = await findSchedule(trx, resourceId)
    if (resource?.state !== 'provisioned' || !schedule) {
      throw new SecurekeyError('resource-gone', 'This add-on was deprovisioned.')
    }
    return {
      resourceId,
      name: resource.name,
      plan: resource.plan,
      periodMs: resource.periodMs,
      grace: resource.grace,
      graceFloorMs: deps.settings.graceFloorMs,
      now: deps.now(),
      missingSince: resource.missingSince,
      nextRotationAt: schedule.nextRotationAt,
      pause: schedule.pause,
      wakeAt: schedule.wakeAt,
      unfinished: await unfinishedRotation(trx, resourceId),
      keys: await listKeyTimes(trx, resourceId, KEYS_SHOWN),
      history: await pageOf(ROTATIONS_ON_OVERVIEW, (limit) => listRotations(trx, resourceId, { limit })),
      audit: await pageOf(AUDIT_ROWS_ON_OVERVIEW, (limit) => listAuditEvents(trx, resourceId, { limit })),
    }
  })
}

/** A page of the rotations of a resource, from behind the cursor on. Throws `resource-gone`. */
export async function readHistoryPage(deps: Deps, request: PageRequest): Promise<ListPage<RotationRecord>> {
  const { resourceId } = request
  const page = await pageOf(ROWS_PER_PAGE, (limit) =>
    listRotations(deps.db, resourceId, { limit, ...before(request) }),
  )
  return { resource: await theResource(deps, resourceId), page }
}

/** A page of the audit trail of a resource, from behind the cursor on. Throws `resource-gone`. */
export async function readAuditPage(deps: Deps, request: PageRequest): Promise<ListPage<AuditRow>> {
  const { resourceId } = request
  const page = await pageOf(ROWS_PER_PAGE, (limit) =>
    listAuditEvents(deps.db, resourceId, { limit, ...before(request) }),
  )
  return { resource: await theResource(deps, resourceId), page }
}

type PageRequest = { resourceId: string; olderThan?: string }
type ListPage<T> = { resource: Resource; page: Page<T> }

async function theResource(deps: Deps, resourceId: string): Promise<Resource> {
  const resource = await findResource(deps.db, resourceId)
  if (resource?.state !== 'provisioned') {
    throw new SecurekeyError('resource-gone', 'This add-on was deprovisioned.')
  }
  return resource
}

/** One row more than is shown tells whether there is another page. */
async function pageOf<T extends { id: string }>(
  size: number,
  read: (limit: number) => Promise<T[]>,
): Promise<Page<T>> {
  const rows = await read(size + 1)
  const items = rows.slice(0, size)
  return { items, olderThan: rows.length > size ? items.at(-1)?.id : undefined }
}

function before({ olderThan }: PageRequest): { before?: string } {
  return olderThan === undefined ? {} : { before: olderThan }
}
