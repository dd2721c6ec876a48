import type { FastifyReply } from 'fastify'
import { formatDuration } from '../../domain/duration.ts'
import { formatGracePeriod, UNTIL_NEXT_ROTATION } from '../../domain/grace.ts'
import { currentVersion } from '../../domain/keyset.ts'
import { isPaused } from '../../domain/pause.ts'
import type { AppsAnswer, AttachedApps } from '../../flows/attached-apps.ts'
import type { Deps } from '../../flows/deps.ts'
import { type Overview, readOverview } from '../../flows/overview.ts'
import { nameToType } from '../../flows/revoke-by-name.ts'
import { noticeWords } from './addresses.ts'
import type { Visit } from './guard.ts'
import { type Shell, sendPage } from './pages.ts'
import { appCount, appsModel } from './present/apps.ts'
import { auditLine } from './present/audit-words.ts'
import { historyEntry } from './present/history.ts'
import { keyRows } from './present/keys.ts'
import { nowModel } from './present/now.ts'
import { momentOf, periodWords, precisionOf } from './present/time-words.ts'
import { timelineOf } from './present/timeline.ts'

const DAY_MS = 86_400_000

/** What was wrong with a form, shown above the page and beside the field; `values` are put back into it. */
export type FormProblem = {
  status: 409 | 422
  field: 'rotate' | 'name' | 'until' | 'grace'
  message: string
  allowedAt?: Date
  values?: Record<string, string>
}

export type DashboardDeps = { deps: Deps; apps: AttachedApps }

/** The first page of the dashboard: now, keys, apps, actions, and the newest of history and audit trail. */
export async function sendOverview(
  { deps, apps }: DashboardDeps,
  visit: Visit,
  problem?: FormProblem,
): Promise<FastifyReply> {
  const overview = await readOverview(deps, visit.resourceId)
  const { now } = overview
  const precision = precisionOf(overview)
  const now_ = nowModel(overview)
  const allowedAt = problem?.allowedAt
  const addon = { configVar: deps.settings.configVar, prefix: deps.settings.configVarsPrefix }
  const appList = appsModel(await askApps(apps, overview), addon, now, precision)
  const query = visit.request.query as { done?: unknown }
  return sendPage(
    visit.reply,
    'overview',
    {
      title: problem ? 'Error: please check the form' : 'Overview',
      shell: shellOf(visit, overview),
      // A rotation that has failed since says more than that it was asked for.
      notice: problem || now_.problem ? '' : noticeWords(query.done),
      problem: problem ? { ...problem, allowedAt: allowedAt && momentOf(allowedAt, now, precision) } : null,
      values: problem?.values ?? {},
      now: now_,
      watching: now_.state === 'rotating',
      configVar: addon.configVar,
      keys: keyRows(overview),
      timeline: timelineOf(overview),
      apps: { ...appList, count: appCount(appList.rows) },
      act: actModel(overview),
      history: overview.history.items.map((rotation) => historyEntry(rotation, now, precision)),
      historyGoesOn: overview.history.olderThan !== undefined,
      audit: overview.audit.items.map((row) => auditLine(row, now, precision)),
    },
    problem?.status ?? 200,
  )
}

/** The frame of a page of this resource. */
export function shellOf(visit: Visit, resource: { name: string | null; plan: string }): Shell {
  const { base, formToken, actor, resourceId } = visit
  return {
    title: '',
    base,
    name: resource.name ?? resourceId,
    plan: resource.plan,
    who: actor.verified ? (actor.email ?? actor.userId ?? '') : '',
    verified: actor.verified,
    formToken,
  }
}

async function askApps(apps: AttachedApps, { resourceId, keys }: Overview): Promise<AppsAnswer> {
  const { version, publishedAt, createdAt } = currentVersion(keys)
  return await apps.read({ resourceId, version, createdAt, publishedAt: publishedAt ?? createdAt })
}

/** What the forms of the page need to know. */
function actModel(overview: Overview) {
  const { grace, graceFloorMs, resourceId, name, pause, now } = overview
  const present = formatGracePeriod(grace)
  const lengths = [graceFloorMs, DAY_MS, 2 * DAY_MS, 7 * DAY_MS].filter((ms) => ms >= graceFloorMs)
  const choices = [
    { value: formatGracePeriod(UNTIL_NEXT_ROTATION), words: 'Until the next rotation' },
    ...[...new Set(lengths)].map((ms) => ({ value: formatDuration(ms), words: periodWords(ms) })),
  ]
  return {
    paused: isPaused(pause, now),
    nameToType: nameToType(resourceId, name),
    floor: periodWords(graceFloorMs),
    grace: present,
    graceWords: grace.until === 'elapsed' ? periodWords(grace.ms) : 'until the next rotation',
    choices,
    custom: !choices.some(({ value }) => value === present),
  }
}
