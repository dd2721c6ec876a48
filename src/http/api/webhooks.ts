import { type Static, Type } from 'typebox'
import type { Webhook, WebhookDelivery } from '../../domain/notices/webhook.ts'
import { replaceWebhookSecret } from '../../flows/notices/webhooks/replace-secret.ts'
import {
  addWebhook,
  readDeliveries,
  readWebhooks,
  removeWebhook,
} from '../../flows/notices/webhooks/webhooks.ts'
import type { ApiScope } from './api-scope.ts'
import { CHANGES_PER_HOUR } from './bearer.ts'
import { describedRefusals, PERSONS_CHANGE, refusals, sendProblem } from './problems.ts'
import { Moment, momentOf, TextOrNull } from './schemas.ts'

const FIELDS_ALONE = { additionalProperties: false }
const PERSON = [{ person: [] }]
const READ = [{ token: ['read'] }]

const WEBHOOK = {
  id: Type.String(),
  name: Type.String(),
  url: Type.String({
    description: 'Without its query and without long parts of its path: they may be secret.',
  }),
  added_by: TextOrNull,
  added_at: Moment,
  off_since: Type.Union([Moment, Type.Null()], {
    description: 'It answered 410 then: nothing is sent there until it takes a test.',
  }),
}
const WebhookView = Type.Object(WEBHOOK)
const Secret = Type.String({ description: '`whsec_…`, by which its receiver verifies. It is told once.' })

/** One POST to a receiver, and what came of it. */
export const Delivery = Type.Object(
  {
    id: Type.String(),
    at: Moment,
    cause: Type.String({ description: '`outbox`: it was due; `test`; `resend`.' }),
    notice_id: Type.String({ description: 'The header `webhook-id`.' }),
    kind: Type.String({ description: 'Of the notice: `rotation-done` and others.' }),
    told: Type.Boolean({ description: 'The receiver answered 2xx.' }),
    status: Type.Union([Type.Integer(), Type.Null()], {
      description: 'Null: there was no answer. Nothing else is kept of one.',
    }),
    ms: Type.Integer(),
    words: Type.String({ description: 'What came of it, for people.' }),
  },
  { $id: 'WebhookDelivery' },
)

export const WebhookId = Type.Object({ id: Type.String({ pattern: '^wh_[0-9a-f]{16}$' }) }, FIELDS_ALONE)
export const NO_SUCH_WEBHOOK = { detail: 'The add-on has no webhook of that id.' }

/** The webhooks of an add-on: list, add, remove, replace the secret, and the last deliveries. */
export function registerWebhooks({ app, deps, bearer }: ApiScope): void {
  const change = () => [bearer.allowPerson(), bearer.atMost(CHANGES_PER_HOUR)]

  app.get(
    '/webhooks',
    {
      onRequest: bearer.allow('read'),
      schema: {
        operationId: 'listWebhooks',
        summary: 'The webhooks, in the order in which they were added',
        description: 'Never their secrets.',
        security: READ,
        response: { 200: Type.Object({ webhooks: Type.Array(WebhookView) }), ...refusals() },
      },
    },
    async (request) => {
      const { webhooks } = await readWebhooks(deps, bearer.callerOf(request).resourceId)
      return { webhooks: webhooks.map(webhookView) }
    },
  )

  app.post(
    '/webhooks',
    {
      onRequest: change(),
      schema: {
        operationId: 'addWebhook',
        summary: 'Add a webhook',
        description:
          'From now on each notice is sent there by POST, signed as Standard Webhooks says. An add-on has 5 at the most. If the answer is lost, so is the secret: replace it.',
        security: PERSON,
        body: Type.Object(
          {
            name: Type.String({ maxLength: 200, description: 'For people. 80 characters of it are kept.' }),
            url: Type.String({
              maxLength: 1_000,
              description:
                'https, port 443, a public name, no user and password. Redirects are not followed.',
            }),
          },
          FIELDS_ALONE,
        ),
        response: {
          201: Type.Object({ secret: Secret, ...WEBHOOK }),
          ...describedRefusals(...PERSONS_CHANGE, 'invalid-option', 'too-many'),
        },
      },
    },
    async (request, reply) => {
      const person = bearer.personOf(request)
      const added = await addWebhook(deps, { ...person, ...request.body })
      if (added.outcome === 'signed-out') return sendProblem(reply, 'unauthenticated')
      return await reply.status(201).send({ secret: added.secret, ...webhookView(added.webhook) })
    },
  )

  app.delete(
    '/webhooks/:id',
    {
      onRequest: change(),
      schema: {
        operationId: 'removeWebhook',
        summary: 'Remove a webhook',
        description: 'Nothing is sent there any more, and its deliveries are forgotten.',
        security: PERSON,
        params: WebhookId,
        response: { 200: WebhookView, ...describedRefusals(...PERSONS_CHANGE, 'not-found') },
      },
    },
    async (request, reply) => {
      const { resourceId, actor } = bearer.personOf(request)
      const removed = await removeWebhook(deps, { resourceId, actor, id: request.params.id })
      return removed ? webhookView(removed) : sendProblem(reply, 'not-found', NO_SUCH_WEBHOOK)
    },
  )

  app.post(
    '/webhooks/:id/rotate-secret',
    {
      onRequest: change(),
      schema: {
        operationId: 'replaceWebhookSecret',
        summary: 'Replace the secret of a webhook',
        description:
          'For 24 hours each notice carries two signatures, one by the new secret and one by the former. One that was replaced before that ends at once.',
        security: PERSON,
        params: WebhookId,
        body: Type.Object({}, FIELDS_ALONE),
        response: {
          200: Type.Object({ secret: Secret, former_until: Moment, ...WEBHOOK }),
          ...describedRefusals(...PERSONS_CHANGE, 'not-found'),
        },
      },
    },
    async (request, reply) => {
      const done = await replaceWebhookSecret(deps, { ...bearer.personOf(request), id: request.params.id })
      if (done.outcome === 'signed-out') return sendProblem(reply, 'unauthenticated')
      if (done.outcome === 'unknown') return sendProblem(reply, 'not-found', NO_SUCH_WEBHOOK)
      const { secret, formerUntil, webhook } = done
      return { secret, former_until: momentOf(formerUntil), ...webhookView(webhook) }
    },
  )

  app.get(
    '/webhooks/:id/deliveries',
    {
      onRequest: bearer.allow('read'),
      schema: {
        operationId: 'listWebhookDeliveries',
        summary: 'The last deliveries to a webhook, the newest first',
        description: '20 of each are kept.',
        security: READ,
        params: WebhookId,
        response: {
          200: Type.Object({ deliveries: Type.Array(Type.Ref('WebhookDelivery')) }),
          ...refusals('not-found'),
        },
      },
    },
    async (request, reply) => {
      const { resourceId } = bearer.callerOf(request)
      const found = await readDeliveries(deps, { resourceId, id: request.params.id })
      if (!found) return sendProblem(reply, 'not-found', NO_SUCH_WEBHOOK)
      return { deliveries: found.deliveries.map(deliveryView) }
    },
  )
}

export function deliveryView(delivery: WebhookDelivery): Static<typeof Delivery> {
  const { id, at, cause, notice, told, status, ms, words } = delivery
  return { id, at: momentOf(at), cause, notice_id: notice.id, kind: notice.kind, told, status, ms, words }
}

function webhookView(webhook: Webhook): Static<typeof WebhookView> {
  return {
    id: webhook.id,
    name: webhook.name,
    url: webhook.shownUrl,
    added_by: webhook.addedBy,
    added_at: momentOf(webhook.createdAt),
    off_since: momentOf(webhook.offSince),
  }
}
