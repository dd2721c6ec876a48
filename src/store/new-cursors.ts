import type { NoticeTarget } from '../domain/notices/notice.ts'
import { TABLES } from './schema.ts'

/** Somebody who is told notices of a new resource, and when it is first looked whether there is anything to tell. */
export type NewTarget = Omit<NoticeTarget, 'resourceId'> & { lane: string; lookAt: Date | null }

const { resource_id, target, channel, lane, seq, wanted_seq, wake_at } = TABLES.notice_cursors

/** The columns that a new cursor comes with. */
export const NEW_CURSOR = { resource_id, target, channel, lane, seq, wanted_seq, wake_at }

/** The cursors of a new resource: they are told nothing of what its history begins with. */
export function newCursorRows(resource: {
  id: string
  events: readonly unknown[]
  targets: readonly NewTarget[]
}) {
  const seq = resource.events.length
  return resource.targets.map(({ id, channel, lane, lookAt }) => {
    return { resource_id: resource.id, target: id, channel, lane, seq, wanted_seq: seq, wake_at: lookAt }
  })
}
