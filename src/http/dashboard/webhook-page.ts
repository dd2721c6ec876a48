import type { FastifyInstance, FastifyReply } from 'fastify'
import { readNotices } from '../../flows/notices/read-notices.ts'
import { replaceWebhookSecret } from '../../flows/notices/webhooks/replace-secret.ts'
import { resendDelivery, type TryOutcome, testWebhook } from '../../flows/notices/webhooks/try-webhook.ts'
import { readDeliveries, removeWebhook } from '../../flows/notices/webhooks/webhooks.ts'
import type { Guard, Visit } from './guard.ts'
import { sendMessage, sendNotSignedIn } from './messages.ts'
import { type DashboardDeps, shellOf } from './overview-page.ts'
import { sendPage } from './pages.ts'
import { momentOf } from './present/time-words.ts'
import { deliveryModel, webhookModel } from './present/webhooks.ts'

const ACTIONS_PER_MINUTE = 30

/** One webhook: how it is doing, its last deliveries, and what may be done with it. */
export function registerWebhookPage(app: FastifyInstance, { deps }: DashboardDeps, guard: Guard): void {
  async function sendWebhook(visit: Visit, problem = ''): Promise<FastifyReply> {
    const { resourceId, reply } = visit
    const found = await readDeliveries(deps, { resourceId, id: idOf(visit) })
    if (!found) return sendUnknown(visit)
    const { targets } = await readNotices(deps, resourceId)
    const now = deps.now()
    const deliveries = found.deliveries.map((delivery) => deliveryModel(delivery, now))
    const tried = 'tried' in (visit.request.query as object)
    const model = {
      title: problem === '' ? found.webhook.name : 'Error: nothing was sent',
      shell: shellOf(visit, found.resource),
      problem: problem === '' ? null : { field: 'try', message: problem },
      webhook: webhookModel(found.webhook, targets, now),
      here: `${visit.base}/notices/webhooks/${found.webhook.id}`,
      tried: tried && problem === '' ? (deliveries[0] ?? null) : null,
      deliveries,
    }
    return sendPage(reply, 'webhook', model, problem === '' ? 200 : 429)
  }

  async function sendTried(visit: Visit, done: TryOutcome): Promise<FastifyReply> {
    if (done.outcome === 'unknown') return sendUnknown(visit)
    if (done.outcome === 'too-soon') {
      return await sendWebhook(visit, 'Something was sent there just now. Wait five seconds, and try again.')
    }
    return visit.reply.redirect(`${visit.base}/notices/webhooks/${done.webhook.id}?tried`, 303)
  }

  app.get(
    '/dashboard/:resourceId/notices/webhooks/:webhook',
    guard.page((visit) => sendWebhook(visit)),
  )

  const config = { rateLimit: { max: ACTIONS_PER_MINUTE, timeWindow: '1 minute' } }
  app.post(
    '/dashboard/:resourceId/notices/webhooks/:webhook/test',
    { config },
    guard.keyAction(async (visit) => {
      const { resourceId, actor } = visit
      return await sendTried(visit, await testWebhook(deps, { resourceId, actor, id: idOf(visit) }))
    }),
  )

  app.post(
    '/dashboard/:resourceId/notices/webhooks/:webhook/resend',
    { config },
    guard.keyAction(async (visit, form) => {
      const { resourceId, actor } = visit
      const asked = { resourceId, actor, id: idOf(visit), delivery: String(form.delivery) }
      return await sendTried(visit, await resendDelivery(deps, asked))
    }),
  )

  app.post(
    '/dashboard/:resourceId/notices/webhooks/:webhook/secret',
    { config },
    guard.keyAction(async (visit) => {
      const { resourceId, actor, reply, sessionDigest: session } = visit
      const done = await replaceWebhookSecret(deps, { resourceId, actor, session, id: idOf(visit) })
      if (done.outcome === 'signed-out') return sendNotSignedIn(reply)
      if (done.outcome === 'unknown') return sendUnknown(visit)
      const { resource } = await readNotices(deps, resourceId)
      const now = deps.now()
      return sendPage(reply, 'webhook-made', {
        title: 'The secret is replaced',
        shell: shellOf(visit, resource),
        secret: done.secret,
        webhook: webhookModel(done.webhook, [], now),
        formerUntil: momentOf(done.formerUntil, now, 'minute'),
      })
    }),
  )

  app.post(
    '/dashboard/:resourceId/notices/webhooks/:webhook/remove',
    { config },
    guard.keyAction(async (visit) => {
      const { resourceId, actor, base, reply } = visit
      await removeWebhook(deps, { resourceId, actor, id: idOf(visit) })
      return reply.redirect(`${base}/notices/webhooks`, 303)
    }),
  )
}

function idOf({ request }: Visit): string {
  const { webhook } = request.params as { webhook: string }
  return webhook
}

function sendUnknown({ reply, base }: Visit): FastifyReply {
  return sendMessage(reply, 404, {
    title: 'There is no such webhook',
    paragraphs: ['Somebody has removed it, or there is no such delivery of it any more.'],
    howToOpen: false,
    back: `${base}/notices/webhooks`,
  })
}
