import type { FastifyInstance } from 'fastify'
import { cleanText } from '../../domain/clean-text.ts'
import { type ErrorCode, SecurekeyError } from '../../domain/errors.ts'
import { MOST_WEBHOOKS } from '../../domain/notices/webhook.ts'
import { readNotices } from '../../flows/notices/read-notices.ts'
import { addWebhook, readWebhooks } from '../../flows/notices/webhooks/webhooks.ts'
import type { Guard, Visit } from './guard.ts'
import { sendNotSignedIn } from './messages.ts'
import { type DashboardDeps, shellOf } from './overview-page.ts'
import { sendPage } from './pages.ts'
import { webhookModel } from './present/webhooks.ts'

const ACTIONS_PER_MINUTE = 30
const LONGEST_FIELD = 1_200

type Wish = { name: string; url: string }

/** The receivers to which notices are sent: a list, and how to add one. Each has a page of its own. */
export function registerWebhooks(app: FastifyInstance, { deps }: DashboardDeps, guard: Guard): void {
  async function sendWebhooks(visit: Visit, problem?: { message: string; values: Wish }) {
    const { resource, webhooks } = await readWebhooks(deps, visit.resourceId)
    const { targets } = await readNotices(deps, visit.resourceId)
    const now = deps.now()
    const model = {
      title: problem ? 'Error: please check the form' : 'Webhooks',
      shell: shellOf(visit, resource),
      problem: problem ? { field: 'webhook-url', message: problem.message } : null,
      values: problem?.values ?? { name: '', url: '' },
      most: MOST_WEBHOOKS,
      webhooks: webhooks.map((webhook) => webhookModel(webhook, targets, now)),
    }
    return sendPage(visit.reply, 'webhooks', model, problem ? 422 : 200)
  }

  app.get(
    '/dashboard/:resourceId/notices/webhooks',
    guard.page((visit) => sendWebhooks(visit)),
  )

  app.post(
    '/dashboard/:resourceId/notices/webhooks',
    { config: { rateLimit: { max: ACTIONS_PER_MINUTE, timeWindow: '1 minute' } } },
    guard.keyAction(async (visit, form) => {
      const values = { name: textOf(form.name), url: textOf(form.url) }
      const { resourceId, actor, reply, sessionDigest: session } = visit
      const added = await refusedOr(addWebhook(deps, { resourceId, actor, session, ...values }))
      if (typeof added === 'string') return await sendWebhooks(visit, { message: added, values })
      if (added.outcome === 'signed-out') return sendNotSignedIn(reply)
      const { resource } = await readWebhooks(deps, resourceId)
      return sendPage(reply, 'webhook-made', {
        title: 'The webhook is added',
        shell: shellOf(visit, resource),
        secret: added.secret,
        webhook: webhookModel(added.webhook, [], deps.now()),
        formerUntil: null,
      })
    }),
  )
}

const OF_THE_FORM: readonly ErrorCode[] = ['invalid-option', 'too-many']

/** What was done, or the sentence of a refusal that belongs to the form. */
async function refusedOr<T extends object>(change: Promise<T>): Promise<T | string> {
  try {
    return await change
  } catch (error) {
    if (error instanceof SecurekeyError && OF_THE_FORM.includes(error.code)) return error.message
    throw error
  }
}

function textOf(field: unknown): string {
  return typeof field === 'string' ? cleanText(field, LONGEST_FIELD) : ''
}
