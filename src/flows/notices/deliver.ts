import DataLoader from 'dataloader'
import { isOfOwnKey, SecurekeyError } from '../../domain/errors.ts'
import { afterDelivery, type Delivery } from '../../domain/notices/delivery.ts'
import { type SettledCursor, settleCursors } from '../../store/notice-cursors.ts'
import type { Deps } from '../deps.ts'
import { groupOrEach } from '../group-or-each.ts'
import { randomFraction } from '../random-fraction.ts'
import type { Channels } from './channels.ts'
import type { DueDelivery } from './look.ts'

/** Ends claims on targets. Neither throws: the claim of one that could not be ended comes back by itself. */
export type Deliveries = {
  /** Tells what is due to one target, within `limitMs`. `closing` ends it, and then it counts as not tried. */
  deliver: (delivery: DueDelivery, limitMs: number, closing: AbortSignal) => Promise<void>
  /** Gives a target back untold, to be looked at again in `inMs`. */
  putOff: (delivery: DueDelivery, inMs: number) => Promise<void>
}

/** What ends at nearly the same time is written down by one statement. */
const GATHER_MS = 20
const LARGEST_GROUP = 200

/** Deliveries of one process. */
export function createDeliveries(deps: Pick<Deps, 'db' | 'log' | 'random'>, channels: Channels): Deliveries {
  const settle = createSettling(deps)

  async function end(delivery: DueDelivery, settled: Pick<SettledCursor, 'to' | 'inMs'>): Promise<void> {
    const { claimed, readTo } = delivery
    const { target, fence } = claimed
    try {
      await settle({ target, fence, readTo, ...settled })
    } catch (error) {
      deps.log.error({ err: error, ...fieldsOf(delivery) }, 'notices were not written down')
    }
  }

  async function putOff(delivery: DueDelivery, inMs: number): Promise<void> {
    await end(delivery, { to: delivery.claimed.cursor, inMs })
  }

  return {
    putOff,

    async deliver(delivery, limitMs, closing) {
      const { claimed, due } = delivery
      const outcome = await attempt(
        channels,
        delivery,
        AbortSignal.any([closing, AbortSignal.timeout(limitMs)]),
      )
      if (closing.aborted && outcome.failure) return await putOff(delivery, 0)
      const { cursor, now } = claimed
      const { to, wakeAt, gaveUp } = afterDelivery(cursor, due, outcome, {
        now,
        random: randomFraction(deps),
      })
      await end(delivery, { to, inMs: wakeAt && wakeAt.getTime() - now.getTime() })
      const fields = { ...fieldsOf(delivery), told: outcome.told, of: due.due.length }
      const failure = outcome.failure?.words
      if (failure === undefined) return deps.log.event(fields, 'notices delivered')
      const { error } = outcome
      const failed = { ...fields, failure, ...(error !== undefined && { err: error }) }
      if (gaveUp) return deps.log.warn(failed, 'notices given up')
      const again = { ...failed, attempts: to.attempts }
      if (error === undefined) deps.log.info(again, 'notices not delivered')
      else deps.log.warn(again, 'notices not delivered')
    },
  }
}

/** Whatever a channel does, it has ended with the signal. `error`: what it threw. */
async function attempt(
  channels: Channels,
  delivery: DueDelivery,
  signal: AbortSignal,
): Promise<Delivery & { error?: unknown }> {
  const { target } = delivery.claimed
  const channel = channels[target.channel]
  if (!channel) return failed('this kind of notice is switched off here')
  const notices = delivery.due.due.map(({ notice }) => notice)
  try {
    return await Promise.race([channel.deliver(target, notices, signal), ended(signal)])
  } catch (error) {
    // Deprovisioned meanwhile: nobody is left to be told.
    if (error instanceof SecurekeyError && error.code === 'resource-gone') return { told: notices.length }
    // An expected state: what needs Heroku waits until the customer's key opens its token again.
    if (isOfOwnKey(error)) return failed('Heroku cannot be asked while the encryption key cannot be used')
    return signal.aborted ? failed(LATE) : { ...failed('we could not send it'), error }
  }
}

const LATE = 'there was no answer in time'

function ended(signal: AbortSignal): Promise<Delivery> {
  const { promise, resolve } = Promise.withResolvers<Delivery>()
  signal.addEventListener('abort', () => resolve(failed(LATE)), { once: true })
  return promise
}

function failed(words: string): Delivery {
  return { told: 0, failure: { words, lasting: false } }
}

function createSettling(deps: Pick<Deps, 'db'>): (settled: SettledCursor) => Promise<true> {
  const loader = new DataLoader(
    (group: readonly SettledCursor[]) =>
      groupOrEach(group, async (cursors) => {
        await settleCursors(deps.db, cursors)
        return cursors.map(() => true as const)
      }),
    { cache: false, maxBatchSize: LARGEST_GROUP, batchScheduleFn: (flush) => setTimeout(flush, GATHER_MS) },
  )
  return (settled) => loader.load(settled)
}

function fieldsOf({ claimed: { target } }: DueDelivery) {
  return { resourceId: target.resourceId, channel: target.channel, target: target.id }
}
