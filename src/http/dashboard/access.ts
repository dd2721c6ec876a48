import type { FastifyInstance } from 'fastify'
import { markAccessKnown } from '../../flows/access/mark-known.ts'
import { readAccess } from '../../flows/access/read-access.ts'
import type { Guard } from './guard.ts'
import { type DashboardDeps, shellOf } from './overview-page.ts'
import { sendPage } from './pages.ts'
import { accessModel } from './present/access.ts'

const ACTIONS_PER_MINUTE = 30

/** Who used an add-on and from where, what of it was not usual, and the form that says it was one of us. */
export function registerAccess(app: FastifyInstance, { deps }: DashboardDeps, guard: Guard): void {
  app.get(
    '/dashboard/:resourceId/access',
    guard.page(async (visit) => {
      const access = await readAccess(deps, visit.resourceId)
      return sendPage(visit.reply, 'access', {
        title: 'Access',
        shell: shellOf(visit, access.resource),
        ...accessModel(access, deps.now()),
      })
    }),
  )

  const config = { rateLimit: { max: ACTIONS_PER_MINUTE, timeWindow: '1 minute' } }
  app.post(
    '/dashboard/:resourceId/access/known',
    { config },
    guard.action(async ({ resourceId, actor, base, reply }, form) => {
      const until = momentIn(form.until)
      if (until) await markAccessKnown(deps, { resourceId, actor, until })
      return reply.redirect(`${base}/access`, 303)
    }),
  )
}

/** The moment that the page has put into its form. */
function momentIn(field: unknown): Date | undefined {
  if (typeof field !== 'string' || !/^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:.]{12}Z$/.test(field)) return undefined
  const date = new Date(field)
  return Number.isNaN(date.getTime()) ? undefined : date
}
