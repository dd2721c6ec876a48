import { addWebhook } from '../../../src/flows/notices/webhooks/webhooks.ts'
import { createWebhookSender } from '../../../src/notices/webhook/send-webhook.ts'
import { ANN } from '../../api/support/token.ts'
import type { Harness } from '../../support/harness.ts'
import { type Answering, type Receiver, startReceiver } from './receiver.ts'

type Some = Pick<Harness, 'deps'> & { addon: { id: string } }

/** A webhook that Ann has added, and the receiver behind it. */
export async function webhookOf(
  h: Some,
  { answering = 204, name = 'alerts' }: { answering?: Answering; name?: string } = {},
): Promise<{ id: string; secret: string; receiver: Receiver }> {
  const receiver = await startReceiver(answering)
  const added = await addWebhook(h.deps, { resourceId: h.addon.id, actor: ANN, name, url: receiver.url })
  if (added.outcome !== 'added') throw new Error(added.outcome)
  return { id: added.webhook.id, secret: added.secret, receiver }
}

/** The way out to receivers with limits that a test can wait for. */
export function impatient(h: Pick<Harness, 'deps'>): void {
  const sendWebhook = createWebhookSender({
    resolveName: async () => [],
    local: true,
    userAgent: 'securekey test',
    steadyMs: h.deps.steadyMs,
    limits: { resolveMs: 1_000, connectMs: 1_500, allMs: 1_500, restMs: 20 },
  })
  Object.assign(h.deps, { sendWebhook })
}
