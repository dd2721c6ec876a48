import PQueue from 'p-queue'
import type { Deps } from '../flows/deps.ts'
import { exchangeGrants } from '../flows/exchange-grants.ts'
import { createGroupClaims, emptyTally, type Tally } from '../flows/group.ts'
import { createPromoter } from '../flows/promote.ts'
import { workOnClaims } from '../flows/work-on-claims.ts'

export type RotationWorkerOptions = {
  /** Most rotations in flight at a time in this process. */
  concurrency: number
  /** Most resources in one claim. Small enough to be served well within a lease. */
  claimLimit: number
  /** Milliseconds by which this process's clock is ahead of (or behind) the database's. */
  clockOffsetMs: () => Promise<number>
}

export type RotationWorker = {
  /** Works until nothing is due. A call while another is at work answers undefined at once. */
  tick: () => Promise<Tally | undefined>
  /** Takes no more work and waits for what is in flight; calls that last longer than `limitMs` are ended. */
  stop: (limitMs: number) => Promise<void>
}

const LARGEST_CLOCK_OFFSET_MS = 5_000
const CLOCK_CHECK_EVERY_MS = 180_000
/** With two, calls stopped while the second was published and the third not yet prepared: half of them, at 100 ms each. */
const GROUPS_AT_A_TIME = 6
/** A tick that works off a backlog may last an hour: grants, which live for minutes, and the clock are seen to meanwhile. */
const LOOK_AROUND_EVERY_MS = 20_000
/** A tick that found this much to do ends and lets the next one begin. */
const MOST_GROUPS_PER_TICK = 1_000

/** The worker of one process: claims due resources in groups and keeps `concurrency` rotations in flight. */
export function createRotationWorker(deps: Deps, options: RotationWorkerOptions): RotationWorker {
  const queue = new PQueue({ concurrency: options.concurrency })
  const promote = createPromoter(deps)
  const claimGroup = createGroupClaims(deps)
  const closing = new AbortController()
  const shutdown = new AbortController()
  const clock = createClockCheck(deps, options.clockOffsetMs)
  let ticking: Promise<Tally> | undefined

  async function work(): Promise<Tally> {
    const total = emptyTally()
    await exchangeWaitingGrants()
    const groups = new Set<Promise<void>>()
    try {
      await workOffGroups(groups, total)
    } finally {
      // Also when a claim fails: what is under way is waited for, and nothing is claimed on top of it.
      await Promise.all(groups)
    }
    return total
  }

  async function workOffGroups(groups: Set<Promise<void>>, total: Tally): Promise<void> {
    let lookedAroundMs = deps.now().getTime()
    for (let round = 0; round < MOST_GROUPS_PER_TICK && !closing.signal.aborted; round += 1) {
      // While nobody may call Heroku, claiming more would only move claims to and fro; the next tick tries again.
      if (total.heldBack > 0) return
      if (Math.abs(deps.now().getTime() - lookedAroundMs) >= LOOK_AROUND_EVERY_MS) {
        lookedAroundMs = deps.now().getTime()
        await exchangeWaitingGrants()
        if (!(await clock.isRight())) return
      }
      const group = await claimGroup(options.claimLimit)
      if (!group) return
      const done = workOnClaims(deps, {
        ...group,
        closing: closing.signal,
        signal: shutdown.signal,
        callSignal: AbortSignal.any([
          shutdown.signal,
          AbortSignal.timeout(Math.max(0, group.callsUntil.getTime() - deps.now().getTime())),
        ]),
        run: (piece) => queue.add(piece),
        promote,
      })
        .then((tally) => addTo(total, tally))
        // The claims of a group that broke down come back when their lease ends.
        .catch((error: unknown) => deps.log.error({ err: error }, 'group of claims interrupted'))
        .finally(() => groups.delete(done))
      groups.add(done)
      // Some groups are prepared while others are published, so calls never wait for the database, nor leases run out.
      if (groups.size >= GROUPS_AT_A_TIME) await Promise.race(groups)
    }
  }

  async function exchangeWaitingGrants(): Promise<void> {
    for (let round = 0; round < MOST_GROUPS_PER_TICK && !closing.signal.aborted; round += 1) {
      if ((await exchangeGrants(deps)) === 0) return
    }
  }

  return {
    async tick() {
      if (ticking || closing.signal.aborted) return undefined
      if (!(await clock.isRight()) || ticking || closing.signal.aborted) return undefined
      ticking = work()
      try {
        const tally = await ticking
        if (Object.values(tally).some((count) => count > 0)) deps.log.info(tally, 'tick finished')
        return tally
      } finally {
        ticking = undefined
      }
    },
    async stop(limitMs) {
      closing.abort()
      const timer = setTimeout(() => shutdown.abort(), limitMs)
      try {
        await ticking
      } finally {
        clearTimeout(timer)
      }
    },
  }
}

function addTo(total: Tally, tally: Tally): void {
  for (const what of Object.keys(total) as (keyof Tally)[]) total[what] += tally[what]
}

/**
 * Compares this process's clock with the database's at the first tick and every few minutes. While it is off by more
 * than five seconds nothing is claimed. It could not rotate twice even so, since dates are counted from due dates.
 */
function createClockCheck(deps: Deps, clockOffsetMs: () => Promise<number>) {
  let checkedAtMs = Number.NEGATIVE_INFINITY
  return {
    async isRight(): Promise<boolean> {
      const nowMs = deps.now().getTime()
      if (Math.abs(nowMs - checkedAtMs) < CLOCK_CHECK_EVERY_MS) return true
      const offsetMs = await clockOffsetMs()
      if (Math.abs(offsetMs) > LARGEST_CLOCK_OFFSET_MS) {
        deps.log.error({ offsetMs }, 'clock differs from the database, nothing is claimed')
        return false
      }
      checkedAtMs = nowMs
      return true
    },
  }
}
