import type { FastifyInstance } from 'fastify'
import { readMailReaders } from '../../flows/notices/mail/addresses.ts'
import { type NoticesOverview, readNotices } from '../../flows/notices/read-notices.ts'
import { switchLog } from '../../flows/notices/switch-log.ts'
import { readWebhooks } from '../../flows/notices/webhooks/webhooks.ts'
import type { Guard, Visit } from './guard.ts'
import { type DashboardDeps, shellOf } from './overview-page.ts'
import { sendPage } from './pages.ts'
import { mailModel } from './present/mail.ts'
import { targetModel } from './present/notice-targets.ts'
import { momentOf, precisionOf } from './present/time-words.ts'
import { webhookModel } from './present/webhooks.ts'

const ACTIONS_PER_MINUTE = 30

/** Who is told what: a section for each way to tell notices, and the newest of what anybody is told of. */
export function registerNoticesPage(app: FastifyInstance, { deps }: DashboardDeps, guard: Guard): void {
  async function sendNotices(visit: Visit) {
    const overview = await readNotices(deps, visit.resourceId)
    const { resource, targets, now } = overview
    const { webhooks } = await readWebhooks(deps, visit.resourceId)
    const model = {
      title: 'Notices',
      shell: shellOf(visit, resource),
      log: logModel(overview),
      webhooks: webhooks.map((webhook) => webhookModel(webhook, targets, now)),
      mail: mailModel(await readMailReaders(deps, visit.resourceId), overview.now),
      newest: newestModel(overview),
    }
    return sendPage(visit.reply, 'notices', model)
  }

  app.get(
    '/dashboard/:resourceId/notices',
    guard.page((visit) => sendNotices(visit)),
  )

  const config = { rateLimit: { max: ACTIONS_PER_MINUTE, timeWindow: '1 minute' } }
  app.post(
    '/dashboard/:resourceId/notices/log',
    { config },
    guard.action(async ({ resourceId, actor, base, reply }, form) => {
      if (form.log === 'on' || form.log === 'off') {
        await switchLog(deps, { resourceId, actor, on: form.log === 'on' })
      }
      return reply.redirect(`${base}/notices`, 303)
    }),
  )
}

function logModel({ targets, now, resource }: NoticesOverview) {
  const log = targets.find(({ target }) => target.channel === 'log')
  return log ? { on: true, ...targetModel(log, now, precisionOf(resource)) } : { on: false, trouble: null }
}

function newestModel({ newest, now, resource }: NoticesOverview) {
  return newest.map(({ at, text }) => ({ text, at: momentOf(at, now, precisionOf(resource)) }))
}
