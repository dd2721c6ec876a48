import type { AddonOptions } from '../../domain/addon-options.ts'
import { LOG_LANE, LOG_TARGET, type NoticeSubject } from '../../domain/notices/notice.ts'
import { lookAtSchedule, NOTHING_TOLD } from '../../domain/notices/on-schedule.ts'
import type { ResourceState } from '../../domain/resource-state.ts'
import type { NewTarget } from '../../store/new-cursors.ts'
import type { Deps } from '../deps.ts'

/**
 * Who is told notices of a new add-on: the log of the app, unless it was made with `--log off`. Each is first looked at when
 * the first rotation is near.
 */
export function firstTargets(
  deps: Pick<Deps, 'now'>,
  made: { subject: NoticeSubject; state: ResourceState; periodMs: number; options: AddonOptions },
): NewTarget[] {
  const { options, ...schedule } = made
  if (!options.logsNotices) return []
  const health = { state: 'well', heading: '' } as const
  const { lookAt } = lookAtSchedule({ ...schedule, health }, NOTHING_TOLD, deps.now())
  return [{ id: LOG_TARGET, channel: 'log', lane: LOG_LANE, lookAt }]
}
