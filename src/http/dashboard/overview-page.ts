import type { FastifyReply } from 'fastify'
import { isOpen } from '../../domain/calendar.ts'
import { formatDuration } from '../../domain/duration.ts'
import { goodForSeconds } from '../../domain/good-for.ts'
import { formatGracePeriod, UNTIL_NEXT_ROTATION } from '../../domain/grace.ts'
import { isPaused } from '../../domain/pause.ts'
import { readUnknownAccess } from '../../flows/access/read-access.ts'
import { appsOf } from '../../flows/dashboard/apps-of.ts'
import type { AttachedApps } from '../../flows/dashboard/attached-apps.ts'
import { type Overview, readOverview } from '../../flows/dashboard/overview.ts'
import { nameToType } from '../../flows/dashboard/revoke-by-name.ts'
import type { Deps } from '../../flows/deps.ts'
import type { EndsEarly } from '../../flows/ends-early.ts'
import { readClients } from '../../flows/hand-over/clients.ts'
import { readTokens } from '../../flows/tokens/tokens.ts'
import { noticeWords } from './addresses.ts'
import type { Visit } from './guard.ts'
import { type Shell, sendPage } from './pages.ts'
import { unusualNote } from './present/access.ts'
import { appCount, appsModel } from './present/apps.ts'
import { clientNotes } from './present/client-notes.ts'
import { endsModel } from './present/ends.ts'
import { historyLine } from './present/history-words.ts'
import { keyRows } from './present/keys.ts'
import { nowModel } from './present/now.ts'
import { refusedByGrace, refusedByRevoking, refusedByRotating } from './present/refused.ts'
import { historyEntry, openEntry } from './present/rotations.ts'
import { momentOf, periodWords, precisionOf } from './present/time-words.ts'
import { timelineOf } from './present/timeline.ts'
import { upcomingModel } from './present/upcoming.ts'

const DAY_MS = 86_400_000
const NOT_ROTATED = 'Not rotated'

/** What was wrong with a form, shown above the page and beside the field; `values` are put back into it. */
export type FormProblem = {
  status: 409 | 422
  field: 'rotate' | 'name' | 'until' | 'grace' | 'next'
  message: string
  allowedAt?: Date
  /** The previous key stays for apps until then at the latest. */
  keptUntil?: Date
  /** What is to be confirmed, and whether nobody was to be waited for. */
  asked?: EndsEarly
  evenIfTooSoon?: boolean
  values?: Record<string, string>
}

export type DashboardDeps = { deps: Deps; apps: AttachedApps }

/** The first page of the dashboard: now, keys, apps, actions, and the newest of rotations and history. */
export async function sendOverview(
  { deps, apps }: DashboardDeps,
  visit: Visit,
  problem?: FormProblem,
): Promise<FastifyReply> {
  const overview = await readOverview(deps, visit.resourceId)
  const { now } = overview
  const precision = precisionOf(overview)
  const now_ = nowModel(overview)
  const at = (date: Date) => momentOf(date, now, precision)
  const moment = (date: Date | undefined) => date && at(date)
  const addon = { configVar: deps.settings.configVar, prefix: deps.settings.configVarsPrefix }
  const appList = appsModel(await appsOf(apps, overview), addon, overview)
  const query = visit.request.query as { done?: unknown }
  return sendPage(
    visit.reply,
    'overview',
    {
      title: titleOf(problem),
      shell: shellOf(visit, overview),
      // A rotation that has failed since says more than that it was asked for.
      notice: problem || now_.problem ? '' : noticeWords(query.done),
      problem: problem
        ? {
            ...problem,
            allowedAt: moment(problem.allowedAt),
            keptUntil: moment(problem.keptUntil),
            asked: problem.asked && endsModel(problem.asked, now, precision),
          }
        : null,
      notRotated: NOT_ROTATED,
      values: problem?.values ?? {},
      now: now_,
      rotating: now_.state === 'rotating',
      // Where keys live for minutes, a page that stands still is soon wrong.
      watching: now_.state === 'rotating' || precision === 'second',
      unusualAccess: unusualNote(await readUnknownAccess(deps, visit.resourceId), at),
      ...clientNotes(await readClients(deps, visit.resourceId), at),
      configVar: addon.configVar,
      keyringVar: deps.settings.keyringVar,
      keys: keyRows(overview),
      ownKeyArn: overview.ownKeyArn,
      ownKeyClosed: overview.ownKeyClosed,
      ownKeysOffered: deps.settings.ownKeys !== undefined,
      tokenLife: overview.tokenLifeMs === null ? '' : periodWords(overview.tokenLifeMs),
      goodFor: periodWords(goodForSeconds(overview) * 1_000),
      timeline: timelineOf(overview),
      apps: { ...appList, count: appCount(appList.rows) },
      act: { ...actModel(overview), keyTokens: await haveKeyTokens(deps, visit.resourceId) },
      ...upcomingModel(overview),
      rotations: rotationEntries(overview),
      rotationsGoOn: overview.rotations.olderThan !== undefined,
      history: overview.history.items.map((row) => historyLine(row, now, precision)),
    },
    problem?.status ?? 200,
  )
}

function titleOf(problem: FormProblem | undefined): string {
  if (!problem) return 'Overview'
  return problem.field === 'rotate' ? NOT_ROTATED : 'Error: please check the form'
}

/** The frame of a page of this resource. */
export function shellOf(visit: Visit, resource: { name: string | null; plan: string }): Shell {
  const { base, formToken, actor, resourceId, mayHandleKeys, legacy, plansWithLinks } = visit
  return {
    title: '',
    base,
    name: resource.name ?? resourceId,
    plan: resource.plan,
    who: actor.verified ? (actor.email ?? actor.userId ?? '') : '',
    verified: actor.verified,
    mayHandleKeys,
    legacy,
    privateLink: plansWithLinks.includes(resource.plan),
    formToken,
  }
}

/** The rotation under way, and those that have ended. */
function rotationEntries(overview: Overview) {
  const { rotation, rotations, keys, now } = overview
  const precision = precisionOf(overview)
  const pending = keys.find(({ stage, filler }) => stage === 'pending' && !filler)?.version
  const ended = rotations.items.map((row) => historyEntry(row, now, precision))
  return rotation ? [openEntry(rotation, pending, now, precision), ...ended] : ended
}

/** Whether a program may read the keys: a revoke asks what is to become of its token. */
async function haveKeyTokens(deps: Deps, resourceId: string): Promise<boolean> {
  const { tokens } = await readTokens(deps, resourceId)
  return tokens.some(({ scopes }) => scopes.includes('keyring'))
}

/** What the forms of the page need to know. */
function actModel(overview: Overview) {
  const { grace, graceFloorMs, resourceId, name, pause, now, keys, announcesNext } = overview
  const current = keys.find(({ stage }) => stage === 'current')
  const precision = precisionOf(overview)
  const present = formatGracePeriod(grace)
  const lengths = [graceFloorMs, DAY_MS, 2 * DAY_MS, 7 * DAY_MS].filter((ms) => ms >= graceFloorMs)
  const choices = [
    {
      value: formatGracePeriod(UNTIL_NEXT_ROTATION),
      words: 'Until the next rotation',
      refused: refusedByGrace(overview, UNTIL_NEXT_ROTATION),
    },
    ...[...new Set(lengths)].map((ms) => ({
      value: formatDuration(ms),
      words: `For ${periodWords(ms)}`,
      refused: refusedByGrace(overview, { until: 'elapsed', ms }),
    })),
  ]
  return {
    paused: isPaused(pause, now),
    announcesNext,
    closed: !isOpen(overview.calendar, now),
    rotating: refusedByRotating(overview),
    revoking: refusedByRevoking(overview),
    at: momentOf(now, now, precision),
    // Grace periods count from here.
    since: current?.publishedAt ? momentOf(current.publishedAt, now, precision) : null,
    earliest: momentOf(new Date(now.getTime() + graceFloorMs), now, precision),
    nameToType: nameToType(resourceId, name),
    floor: periodWords(graceFloorMs),
    grace: present,
    graceWords: grace.until === 'elapsed' ? periodWords(grace.ms) : 'until the next rotation',
    choices,
    custom: !choices.some(({ value }) => value === present),
  }
}
