import type { FastifyInstance } from 'fastify'
import { cleanText } from '../../domain/clean-text.ts'
import { comingFreezes } from '../../domain/freezes.ts'
import { formatWindows, parseWindows } from '../../domain/windows.ts'
import { clockOf } from '../../domain/zoned.ts'
import { addFreeze, removeFreeze } from '../../flows/dashboard/freezes.ts'
import { type Overview, readOverview } from '../../flows/dashboard/overview.ts'
import { setWindows } from '../../flows/dashboard/set-windows.ts'
import type { Guard, Visit } from './guard.ts'
import { type DashboardDeps, shellOf } from './overview-page.ts'
import { sendPage } from './pages.ts'
import { calendarPicture, zoneOf } from './present/calendar.ts'
import { momentOf } from './present/time-words.ts'
import { upcomingModel } from './present/upcoming.ts'
import { orRefusal } from './refusal.ts'

const ACTIONS_PER_MINUTE = 30
const LONGEST_FIELD = 1_000

/** What was wrong with a form; the values are put back into it. */
type Problem = { field: 'windows' | 'from'; message: string; values: Record<string, string> }

/** When the schedule restarts apps: the weeks to come as a picture, the next five dates, windows and freezes. */
export function registerCalendarPage(app: FastifyInstance, { deps }: DashboardDeps, guard: Guard): void {
  async function sendCalendar(visit: Visit, problem?: Problem) {
    const overview = await readOverview(deps, visit.resourceId)
    const windows = formatWindows(overview.calendar.windows)
    const model = {
      title: problem ? 'Error: please check the form' : 'Calendar',
      shell: shellOf(visit, overview),
      problem: problem ?? null,
      values: problem?.values ?? {},
      windows,
      anyTime: overview.calendar.windows.length === 0,
      zone: zoneOf(overview),
      picture: calendarPicture(overview),
      ...upcomingModel(overview),
      freezes: freezesModel(overview),
    }
    return sendPage(visit.reply, 'calendar', model, problem ? 422 : 200)
  }

  app.get(
    '/dashboard/:resourceId/calendar',
    guard.page((visit) => sendCalendar(visit)),
  )

  const config = { rateLimit: { max: ACTIONS_PER_MINUTE, timeWindow: '1 minute' } }
  app.post(
    '/dashboard/:resourceId/calendar/windows',
    { config },
    guard.action(async (visit, form) => {
      const values = { windows: textOf(form.windows) }
      const parsed = parseWindows(values.windows)
      const wrong = (message: string) => sendCalendar(visit, { field: 'windows', message, values })
      if ('problem' in parsed) return await wrong(`The windows ${parsed.problem}.`)
      const { resourceId, actor, base, reply } = visit
      const done = await orRefusal(setWindows(deps, { resourceId, actor, windows: parsed.windows }))
      return 'refusal' in done ? await wrong(done.refusal) : reply.redirect(`${base}/calendar`, 303)
    }),
  )

  app.post(
    '/dashboard/:resourceId/calendar/freezes',
    { config },
    guard.action(async (visit, form) => {
      const { resourceId, actor, base, reply } = visit
      const freeze = {
        from: textOf(form.from),
        until: textOf(form.until),
        zone: textOf(form.zone),
        reason: textOf(form.reason),
      }
      const done = await orRefusal(addFreeze(deps, { resourceId, actor, freeze }))
      if (!('refusal' in done)) return reply.redirect(`${base}/calendar`, 303)
      return await sendCalendar(visit, { field: 'from', message: done.refusal, values: freeze })
    }),
  )

  app.post(
    '/dashboard/:resourceId/calendar/freezes/end',
    { config },
    guard.action(async ({ resourceId, actor, base, reply }, form) => {
      await removeFreeze(deps, { resourceId, actor, id: textOf(form.freeze) })
      return reply.redirect(`${base}/calendar`, 303)
    }),
  )
}

function freezesModel(overview: Overview) {
  const { calendar, now } = overview
  const moment = (at: Date) => momentOf(at, now, 'minute')
  const view = (freezes: Overview['calendar']['freezes'], own: boolean) =>
    comingFreezes(freezes, now).map(({ id, from, until, zone, reason }) => ({
      ...{ id, reason, own, there: `${clockWordsIn(from, zone)} to ${clockWordsIn(until, zone)} ${zone}` },
      ...{ from: moment(from), until: moment(until), on: from <= now },
    }))
  return [...view(calendar.freezesForAll, false), ...view(calendar.freezes, true)]
}

/** What the clock of a zone shows: "2026-03-20 00:00". */
function clockWordsIn(at: Date, zone: string): string {
  const { date, time } = clockOf(at, zone)
  return `${date} ${time}`
}

function textOf(field: unknown): string {
  return typeof field === 'string' ? cleanText(field, LONGEST_FIELD) : ''
}
