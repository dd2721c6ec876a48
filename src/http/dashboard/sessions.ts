import type { FastifyInstance } from 'fastify'
import { isBearerId } from '../../domain/bearer-text.ts'
import { sessionHandle } from '../../domain/session.ts'
import { endSessions, readSessions } from '../../flows/dashboard/sessions.ts'
import type { SessionCookies } from '../sso/session-cookie.ts'
import type { Guard, Visit } from './guard.ts'
import { sendMessage } from './messages.ts'
import { type DashboardDeps, shellOf } from './overview-page.ts'
import { sendPage } from './pages.ts'
import { momentOf } from './present/time-words.ts'

const ACTIONS_PER_MINUTE = 30

/** Who is signed on to an add-on: a list, and how to end one session or all of them. */
export function registerSessions(
  app: FastifyInstance,
  { deps }: DashboardDeps,
  guard: Guard,
  cookies: SessionCookies,
): void {
  app.get(
    '/dashboard/:resourceId/sessions',
    guard.page(async (visit) => {
      const { resource, sessions } = await readSessions(deps, visit.resourceId)
      const now = deps.now()
      const moment = (at: Date) => momentOf(at, now, 'minute')
      return sendPage(visit.reply, 'sessions', {
        title: 'Sessions',
        shell: shellOf(visit, resource),
        sessions: sessions.map((session) => ({
          handle: session.handle,
          who: session.email ?? session.userId ?? 'someone unverified',
          byCommandLine: session.madeFor === 'command-line',
          own: session.handle === sessionHandle(visit.sessionDigest),
          made: moment(session.createdAt),
          lastUsed: moment(session.lastUsedAt),
          ends: moment(session.endsAt),
        })),
      })
    }),
  )

  const config = { rateLimit: { max: ACTIONS_PER_MINUTE, timeWindow: '1 minute' } }
  app.post(
    '/dashboard/:resourceId/sessions',
    { config },
    guard.action(async (visit, form) => {
      const { resourceId, actor, base, reply } = visit
      if (form.everybody === 'yes') {
        await endSessions(deps, { resourceId, actor })
        return signedOut(visit, 'Everybody is signed out')
      }
      const handle = String(form.session)
      if (isBearerId(handle)) await endSessions(deps, { resourceId, actor, handle })
      if (handle === sessionHandle(visit.sessionDigest)) return signedOut(visit, 'You are signed out')
      return reply.redirect(`${base}/sessions`, 303)
    }),
  )

  function signedOut({ reply, resourceId }: Visit, title: string) {
    cookies.clear(reply, resourceId)
    return sendMessage(reply, 200, {
      title,
      paragraphs: ['Your keys keep rotating automatically.'],
      howToOpen: true,
    })
  }
}
