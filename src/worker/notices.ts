import type { Deps } from '../flows/deps.ts'
import { createChannels } from '../flows/notices/channels.ts'
import { createDeliveries } from '../flows/notices/deliver.ts'
import { type DueDelivery, lookForNotices } from '../flows/notices/look.ts'
import { randomFraction } from '../flows/random-fraction.ts'
import type { UnsealGuard } from '../flows/rotation/unseal-guard.ts'
import { createLanes } from './lanes.ts'

/** Tells notices beside the ticks, so that no rotation ever waits for a receiver. */
export type Notices = {
  /** Begins to work off what is due, unless that is under way. Returns at once. */
  begin: () => void
  /** Resolves when nothing is under way any more. */
  idle: () => Promise<void>
}

export type NoticesOptions = {
  unsealing: Pick<UnsealGuard, 'mayClaim'>
  /** Whether this process may claim anything: its clock is right, and it is no copy. */
  mayClaim: () => Promise<boolean>
  closing: AbortSignal
  shutdown: AbortSignal
  /** A delivery is given up after so long. */
  limitMs?: number
}

const LIMIT_MS = 10_000
const PLACES = 40
/** Looked at by one round of statements; those that are to be told something wait for a place. */
const CLAIMED_AT_A_TIME = 100
const MOST_BATCHES = 1_000
/** So often it is seen whether a receiver has become slow. */
const LOOK_EVERY_MS = 250
/** And so often what else has come due, while some are still waited for. */
const LOOK_BEHIND_MS = 2_000
/** Those behind a slow receiver: for long enough that it is not claimed for nothing again and again. */
const PUT_OFF_MS = 60_000

/** The telling of one process. */
export function createNotices(deps: Deps, options: NoticesOptions): Notices {
  const { unsealing, closing, shutdown, limitMs = LIMIT_MS } = options
  const deliveries = createDeliveries(deps, createChannels(deps))
  const lanes = createLanes(PLACES, deps.steadyMs)
  const underWay = new Set<Promise<void>>()
  let working: Promise<void> | undefined

  async function workOff(): Promise<void> {
    for (let batch = 0; batch < MOST_BATCHES && !closing.aborted; batch += 1) {
      if (!(await unsealing.mayClaim()) || !(await options.mayClaim())) return
      const due = await lookForNotices(deps, CLAIMED_AT_A_TIME)
      if (due) await beginAll(due)
      else if (underWay.size === 0) return
      // There may be more for whoever has just been told something.
      else await someEnd(LOOK_BEHIND_MS)
    }
  }

  /** Begins each delivery as soon as there is room for it; returns when all have begun, or were put off. */
  async function beginAll(due: readonly DueDelivery[]): Promise<void> {
    let waiting = due
    while (waiting.length > 0) {
      waiting = waiting.filter((delivery) => !takeUp(delivery))
      if (waiting.length > 0) await someEnd(LOOK_EVERY_MS)
    }
  }

  /** False: it waits for a place. */
  function takeUp(delivery: DueDelivery): boolean {
    const { lane } = delivery.claimed
    const room = closing.aborted ? 'no' : lanes.room(lane)
    if (room === 'soon') return false
    if (room === 'no') track(deliveries.putOff(delivery, closing.aborted ? 0 : putOffMs()))
    else {
      const leave = lanes.enter(lane)
      track(deliveries.deliver(delivery, limitMs, shutdown).finally(leave))
    }
    return true
  }

  function track(work: Promise<void>): void {
    const done = work.finally(() => underWay.delete(done))
    underWay.add(done)
  }

  /** One delivery has ended, or so long has passed. */
  async function someEnd(ms: number): Promise<void> {
    let timer: NodeJS.Timeout | undefined
    const look = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, ms)
    })
    await Promise.race([...underWay, look])
    clearTimeout(timer)
  }

  function putOffMs(): number {
    return PUT_OFF_MS * (0.5 + randomFraction(deps))
  }

  return {
    begin() {
      if (working || closing.aborted) return
      working = workOff()
        .catch((error: unknown) => deps.log.error({ err: error }, 'telling of notices interrupted'))
        .finally(() => {
          working = undefined
        })
    },
    async idle() {
      while (working || underWay.size > 0) await Promise.all([working, ...underWay])
    },
  }
}
