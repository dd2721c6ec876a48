import { costsNoAttempt } from '../../domain/heroku-failure.ts'
import type { Delivery } from '../../domain/notices/delivery.ts'
import { logLine } from '../../domain/notices/log-line.ts'
import { NO_LOG_INPUT, type Notice } from '../../domain/notices/notice.ts'
import type { LogWrite } from '../../notices/app-log.ts'
import type { Channel } from '../../notices/channel.ts'
import { findLogInput, type LogInput, replaceLogInput } from '../../store/log-input.ts'
import { sessionOf } from '../dashboard/attached-apps.ts'
import type { Deps } from '../deps.ts'

/**
 * Tells notices in the log of the app that owns the add-on, several in one request. Where Logplex refuses the address,
 * Heroku is asked for the present one, it is kept, and the lines are sent once more (Add-on Partner Log Integration). An app
 * that has no log input, as those of the Fir generation, is told nothing.
 */
export function createLogChannel(deps: Deps): Channel {
  return {
    async deliver({ resourceId }, notices, signal) {
      const input = await findLogInput(deps.db, resourceId)
      if (!input) return { told: notices.length }
      const url = await openUrl(deps, resourceId, input)
      const first = url ? await write(url) : undefined
      if (first && first.outcome !== 'refused' && first.outcome !== 'not-logplex') {
        return deliveryOf(first, notices)
      }
      const present = await askPresentUrl(deps, resourceId, signal)
      if (!('url' in present)) return { told: 0, ...present }
      if (first && present.url === url) return deliveryOf(first, notices)
      await keepUrl(deps, resourceId, input, present.url)
      return deliveryOf(await write(present.url), notices)

      async function write(to: string): Promise<LogWrite> {
        const lines = notices.map((notice) => ({ at: notice.at, text: logLine(notice) }))
        return await deps.appLog.write(to, lines, resourceId, signal)
      }
    },
  }
}

/** The address as it was last known; undefined: Heroku never told one. */
async function openUrl(
  deps: Deps,
  resourceId: string,
  { sealed, dek }: LogInput,
): Promise<string | undefined> {
  if (!sealed) return undefined
  const sealer = await deps.sealing.forNotices(resourceId, dek)
  return sealer.open('sealed_log_input_url', sealed)
}

/** What the attachment to the owning app says now; the calls have a small part of the budget. */
async function askPresentUrl(
  deps: Deps,
  resourceId: string,
  signal: AbortSignal,
): Promise<{ url: string } | Omit<Delivery, 'told'>> {
  const session = await sessionOf({ ...deps, platform: deps.quietPlatform }, resourceId, signal)
  const asked = await session?.readLogInput()
  if (!asked?.ok) {
    // Not now, rather than no: nobody was asked.
    if (asked && costsNoAttempt(asked.failure))
      return { retryAfterMs: asked.failure.retryAfterMs ?? ASK_AGAIN_MS }
    return { failure: { words: 'Heroku did not say where the app’s log is', lasting: false } }
  }
  if (asked.value === null) return { failure: { words: NO_LOG_INPUT, lasting: true } }
  return { url: asked.value }
}

const ASK_AGAIN_MS = 60_000

async function keepUrl(deps: Deps, resourceId: string, { dek }: LogInput, url: string): Promise<void> {
  const sealer = await deps.sealing.forNotices(resourceId, dek)
  // One that was sealed by a data key which has left meanwhile is not kept, and asked for again.
  await replaceLogInput(deps.db, resourceId, { dek, sealed: sealer.seal('sealed_log_input_url', url) })
}

function deliveryOf(write: LogWrite, notices: readonly Notice[]): Delivery {
  switch (write.outcome) {
    case 'written':
      return { told: notices.length }
    case 'not-logplex':
      return {
        told: 0,
        failure: { words: 'the address that Heroku gave is not one of its log', lasting: true },
      }
    case 'refused':
      return {
        told: 0,
        failure: { words: `Heroku’s log refused it (status ${write.status})`, lasting: false },
      }
    case 'failed': {
      const { status, retryAfterMs } = write
      const words = status === null ? 'Heroku’s log did not answer' : `Heroku’s log answered ${status}`
      return { told: 0, failure: { words, lasting: false }, ...(retryAfterMs && { retryAfterMs }) }
    }
  }
}
