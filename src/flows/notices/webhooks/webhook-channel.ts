import type { Channel } from '../../../notices/channel.ts'
import type { Deps } from '../../deps.ts'
import { openWebhook } from './open-webhook.ts'
import { postNotice } from './post-notice.ts'

/** No POST is begun later than this: one takes eight seconds at the most, and a delivery ten. */
const BEGUN_WITHIN_MS = 1_000

/**
 * Tells notices to webhooks: one POST for each, in order, until one is not taken. A webhook that is gone is told nothing, and
 * keeps nobody waiting.
 */
export function createWebhookChannel(deps: Deps): Channel {
  return {
    async deliver({ resourceId, id }, notices, signal) {
      const open = await openWebhook(deps, { resourceId, id })
      if (!open) return { told: notices.length }
      const beganMs = deps.steadyMs()
      let told = 0
      for (const notice of notices) {
        if (told > 0 && deps.steadyMs() - beganMs >= BEGUN_WITHIN_MS) break
        const due = { notice, cause: 'outbox', actor: { type: 'worker' } } as const
        const { verdict } = await postNotice(deps, open, due, signal)
        if (!verdict.told) {
          const { words, gone = false, retryAfterMs } = verdict
          return { told, failure: { words, lasting: gone }, ...(retryAfterMs && { retryAfterMs }) }
        }
        told += 1
      }
      return { told }
    },
  }
}
