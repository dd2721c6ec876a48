import { Type } from 'typebox'
import { resendDelivery, type TryOutcome, testWebhook } from '../../flows/notices/webhooks/try-webhook.ts'
import type { ApiScope } from './api-scope.ts'
import { CHANGES_PER_HOUR } from './bearer.ts'
import { describedRefusals, PERSONS_CHANGE, sendProblem } from './problems.ts'
import { deliveryView, NO_SUCH_WEBHOOK, WebhookId } from './webhooks.ts'

const FIELDS_ALONE = { additionalProperties: false }
const Tried = Type.Object({
  delivery: Type.Ref('WebhookDelivery'),
  switched_on: Type.Boolean({ description: 'It had been off since it answered 410.' }),
})

/** What a person sends to a webhook by hand: a test, or a delivery once more. */
export function registerWebhookTries({ app, deps, bearer }: ApiScope): void {
  const security = [{ person: [] }]
  const change = () => [bearer.allowPerson(), bearer.atMost(CHANGES_PER_HOUR)]
  const response = { 200: Tried, ...describedRefusals(...PERSONS_CHANGE, 'not-found') }
  const view = (done: TryOutcome & { outcome: 'sent' }) => ({
    delivery: deliveryView(done.delivery),
    switched_on: done.switchedOn,
  })
  const seconds = (ms: number) => ({ retryAfterSeconds: Math.ceil(ms / 1_000) })

  app.post(
    '/webhooks/:id/test',
    {
      onRequest: change(),
      schema: {
        operationId: 'testWebhook',
        summary: 'Send a test notice, and wait for the answer of the receiver',
        description:
          'At most once in five seconds for each webhook. Whatever the receiver answers, this is 200: `delivery` says it. One that had said that it wants no more is switched on again if it answers 2xx.',
        security,
        params: WebhookId,
        body: Type.Object({}, FIELDS_ALONE),
        response,
      },
    },
    async (request, reply) => {
      const { resourceId, actor } = bearer.personOf(request)
      const done = await testWebhook(deps, { resourceId, actor, id: request.params.id })
      if (done.outcome === 'unknown') return sendProblem(reply, 'not-found', NO_SUCH_WEBHOOK)
      if (done.outcome === 'too-soon') return sendProblem(reply, 'too-many-requests', seconds(done.waitMs))
      return view(done)
    },
  )

  app.post(
    '/webhooks/:id/deliveries/:delivery/resend',
    {
      onRequest: change(),
      schema: {
        operationId: 'resendWebhookDelivery',
        summary: 'Send the notice of a delivery once more',
        description:
          'Under the same `webhook-id`, so a receiver that has it already drops it. At most once in five seconds for each webhook. What is due is not put off.',
        security,
        params: Type.Object(
          { ...WebhookId.properties, delivery: Type.String({ pattern: '^whd_[0-9a-f]{16}$' }) },
          FIELDS_ALONE,
        ),
        body: Type.Object({}, FIELDS_ALONE),
        response,
      },
    },
    async (request, reply) => {
      const { resourceId, actor } = bearer.personOf(request)
      const { id, delivery } = request.params
      const done = await resendDelivery(deps, { resourceId, actor, id, delivery })
      if (done.outcome === 'unknown') {
        return sendProblem(reply, 'not-found', { detail: 'There is no such delivery of that webhook.' })
      }
      if (done.outcome === 'too-soon') return sendProblem(reply, 'too-many-requests', seconds(done.waitMs))
      return view(done)
    },
  )
}
