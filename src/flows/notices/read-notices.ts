import { noticeFrom, TOLD_KINDS } from '../../domain/notices/from-history.ts'
import type { Notice } from '../../domain/notices/notice.ts'
import { listHistory } from '../../store/history.ts'
import { listCursors, type StoredCursor } from '../../store/notice-cursors.ts'
import type { Resource } from '../../store/resources.ts'
import { liveResource } from '../change-resource.ts'
import type { Deps } from '../deps.ts'

export type { StoredCursor }

/** Who is told notices of a resource, how that goes, and the newest of what has happened of which anybody is told. */
export type NoticesOverview = {
  resource: Resource
  now: Date
  targets: readonly StoredCursor[]
  newest: readonly Notice[]
}

const SHOWN = 20

/** What the page and the API show of notices. Throws `unknown-resource` or `resource-gone`. */
export async function readNotices(
  deps: Pick<Deps, 'db' | 'now'>,
  resourceId: string,
): Promise<NoticesOverview> {
  const snapshot = deps.db.transaction().setIsolationLevel('repeatable read').setAccessMode('read only')
  return await snapshot.execute(async (trx) => {
    const resource = await liveResource(trx, resourceId)
    const rows = await listHistory(trx, resourceId, { limit: SHOWN, kinds: TOLD_KINDS })
    const subject = { resourceId, name: resource.name }
    return {
      resource,
      now: deps.now(),
      targets: await listCursors(trx, resourceId),
      newest: rows.flatMap((row) => noticeFrom(row, subject) ?? []),
    }
  })
}
