import type { AddonOptions } from '../../domain/addon-options.ts'
import {
  COLLABORATORS_TARGET,
  LOG_LANE,
  LOG_TARGET,
  MAIL_LANE,
  type NoticeSubject,
} from '../../domain/notices/notice.ts'
import { lookAtSchedule, NOTHING_TOLD } from '../../domain/notices/on-schedule.ts'
import type { ResourceState } from '../../domain/resource-state.ts'
import type { NewTarget } from '../../store/new-cursors.ts'
import type { Deps } from '../deps.ts'

/**
 * Who is told notices of a new add-on: the log of the app, unless it was made with `--log off`, which is first looked at when
 * the first rotation is near; and Heroku's collaborators, of what is severe.
 */
export function firstTargets(
  deps: Pick<Deps, 'now'>,
  made: { subject: NoticeSubject; state: ResourceState; periodMs: number; options: AddonOptions },
): NewTarget[] {
  const { options, ...schedule } = made
  const collaborators = { id: COLLABORATORS_TARGET, channel: 'mail', lane: MAIL_LANE, lookAt: null } as const
  if (!options.logsNotices) return [collaborators]
  const health = { state: 'well', heading: '' } as const
  const { lookAt } = lookAtSchedule({ ...schedule, health }, NOTHING_TOLD, deps.now())
  return [{ id: LOG_TARGET, channel: 'log', lane: LOG_LANE, lookAt }, collaborators]
}
