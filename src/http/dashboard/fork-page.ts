import type { FastifyInstance, FastifyReply } from 'fastify'
import { theLater } from '../../domain/old-key-end.ts'
import { readOverview } from '../../flows/dashboard/overview.ts'
import { makeForkCode } from '../../flows/fork/fork-codes.ts'
import type { Guard, Visit } from './guard.ts'
import { sendNotSignedIn } from './messages.ts'
import { type DashboardDeps, shellOf } from './overview-page.ts'
import { sendPage } from './pages.ts'
import { momentOf } from './present/time-words.ts'

const ACTIONS_PER_MINUTE = 30

/** How the keys move to a new add-on with an encryption key of the customer's, and the code by which they do. */
export function registerForkPage(app: FastifyInstance, { deps }: DashboardDeps, guard: Guard): void {
  app.get(
    '/dashboard/:resourceId/fork',
    guard.page((visit) => sendFork(visit)),
  )

  app.post(
    '/dashboard/:resourceId/fork',
    { config: { rateLimit: { max: ACTIONS_PER_MINUTE, timeWindow: '1 minute' } } },
    guard.keyAction(async (visit) => {
      const { resourceId, actor, sessionDigest: session, reply } = visit
      const made = await makeForkCode(deps, { resourceId, actor, session })
      if (made.outcome === 'signed-out') return sendNotSignedIn(reply)
      // The page says why.
      if (made.outcome === 'off') return await sendFork(visit, 409)
      const overview = await readOverview(deps, resourceId)
      const now = deps.now()
      return sendPage(reply, 'fork-made', {
        title: 'The code is made',
        shell: shellOf(visit, overview),
        code: made.text,
        plan: planOf(),
        ends: momentOf(made.code.expiresAt, now, 'minute'),
        next: momentOf(made.nextRotationAt, now, 'minute'),
      })
    }),
  )

  async function sendFork(visit: Visit, status = 200): Promise<FastifyReply> {
    const overview = await readOverview(deps, visit.resourceId)
    const now = deps.now()
    const model = {
      title: 'Move to an encryption key of yours',
      shell: shellOf(visit, overview),
      next: momentOf(theLater(overview.nextRotationAt, now), now, 'minute'),
      offered: deps.settings.ownKeys !== undefined,
      closed: overview.ownKeyClosed,
    }
    return sendPage(visit.reply, 'fork', model, status)
  }

  /** One that takes an encryption key. */
  function planOf(): string {
    return deps.settings.plans.find(({ space }) => space !== undefined)?.name ?? ''
  }
}
