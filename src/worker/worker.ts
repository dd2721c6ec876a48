import { type ClockOffset, LARGEST_CLOCK_OFFSET_MS } from '../flows/clock-offset.ts'
import type { Deps } from '../flows/deps.ts'
import type { Outcome } from '../flows/rotation/group.ts'
import { createUnsealGuard } from '../flows/rotation/unseal-guard.ts'
import { createJobs, type Job, type JobOptions, ownKeysJob } from './jobs.ts'
import { createNotices } from './notices.ts'
import { createPrivateLinks } from './private-links.ts'

export type WorkerOptions = Pick<JobOptions, 'concurrency' | 'claimLimit'> & {
  clockOffsetMs: ClockOffset
  /** A notice that is not delivered within so long has failed. */
  noticeLimitMs?: number
}

export type Worker = {
  /** Works until nothing is due. A call while another is at work returns undefined at once. */
  tick: () => Promise<Tally | undefined>
  /**
   * Looks at the customers' own keys that are due, which no tick does: a suspension hangs on looks that are never far apart. A
   * call while another looks returns at once.
   */
  watch: () => Promise<void>
  /** Resolves when no notice is being told and no private link is looked at: that goes on beside the ticks. */
  idle: () => Promise<void>
  /**
   * Takes no more work and waits for what is in flight; calls that last longer than `limitMs` are ended, and looks at AWS left
   * alone: one that is cut off is made again when its claim ends.
   */
  stop: (limitMs: number) => Promise<void>
}

/** How many resources came to which outcome. */
export type Tally = Record<Outcome, number>

/** A tick that works off a backlog may last an hour: urgent jobs and the clock are seen to meanwhile. */
const LOOK_AROUND_EVERY_MS = 20_000
/** A tick that found this much to do ends and lets the next one begin. */
const MOST_BATCHES_PER_TICK = 1_000

/** The worker of one process: claims what is due in batches, job by job. */
export function createWorker(deps: Deps, options: WorkerOptions): Worker {
  const closing = new AbortController()
  const shutdown = new AbortController()
  const unsealing = createUnsealGuard(deps)
  const signals = { closing: closing.signal, shutdown: shutdown.signal }
  const jobs = createJobs(deps, unsealing, { ...options, ...signals })
  const urgentJobs = jobs.filter(({ urgent }) => urgent)
  const isRight = () => isClockRight(deps, options.clockOffsetMs)
  const notices = createNotices(deps, {
    unsealing,
    ...signals,
    mayClaim: isConfirmed,
    ...(options.noticeLimitMs !== undefined && { limitMs: options.noticeLimitMs }),
  })
  const privateLinks = createPrivateLinks(deps, { mayClaim: isConfirmed, closing: closing.signal })
  const ownKeys = ownKeysJob(deps)
  let ticking: Promise<Tally> | undefined
  let watching: Promise<void> | undefined

  async function work(): Promise<Tally> {
    const tally = emptyTally()
    const failures: unknown[] = []
    // One that fails stops no other; then the tick has failed.
    for (const job of jobs) await workOff(job, tally).catch((error: unknown) => failures.push(error))
    if (failures.length > 0) throw failures[0]
    return tally
  }

  async function workOff(job: Job, tally: Tally): Promise<void> {
    const underWay = new Set<Promise<void>>()
    try {
      await claimBatches(job, underWay, tally)
    } finally {
      // Also when a claim fails: what is under way is waited for, and nothing is claimed on top of it.
      await Promise.all(underWay)
    }
  }

  async function claimBatches(job: Job, underWay: Set<Promise<void>>, tally: Tally): Promise<void> {
    let lookedAroundMs = deps.now().getTime()
    let allHeldBack = false
    for (let batch = 0; batch < MOST_BATCHES_PER_TICK && !closing.signal.aborted; batch += 1) {
      // While nobody may call Heroku, claiming more would only move claims to and fro; the next tick tries again.
      if (allHeldBack) return
      if (!job.urgent && Math.abs(deps.now().getTime() - lookedAroundMs) >= LOOK_AROUND_EVERY_MS) {
        lookedAroundMs = deps.now().getTime()
        for (const urgent of urgentJobs) {
          await workOff(urgent, tally).catch((error: unknown) =>
            deps.log.error({ err: error, job: urgent.name }, 'job failed'),
          )
        }
        if (!(await isRight()) || !(await isConfirmed())) return
        notices.begin()
        privateLinks.begin()
      }
      const run = await job.claim()
      if (!run) return
      const done = run()
        .then((outcomes) => {
          count(tally, outcomes)
          allHeldBack ||= outcomes.length > 0 && outcomes.every((outcome) => outcome === 'held-back')
        })
        // The claims of a batch that broke down come back when their lease ends.
        .catch((error: unknown) => deps.log.error({ err: error, job: job.name }, 'batch interrupted'))
        .finally(() => underWay.delete(done))
      underWay.add(done)
      // Some batches are prepared while others are served, so calls never wait for the database, nor leases run out.
      if (underWay.size >= job.batchesAtATime) await Promise.race(underWay)
    }
  }

  /** A copy of the database works off nothing. It is said in the log when it is found out. */
  async function isConfirmed(): Promise<boolean> {
    const { differs } = await deps.installation.lookNow({ alive: true })
    return differs.length === 0
  }

  async function lookAtOwnKeys(): Promise<void> {
    if ((await isRight()) && (await isConfirmed())) await workOff(ownKeys, emptyTally())
  }

  return {
    async tick() {
      if (ticking || closing.signal.aborted) return undefined
      const ready = (await isRight()) && (await isConfirmed())
      if (!ready || ticking || closing.signal.aborted) return undefined
      ticking = work()
      try {
        const tally = await ticking
        if (Object.values(tally).some((number) => number > 0)) deps.log.info(tally, 'tick finished')
        return tally
      } finally {
        ticking = undefined
        notices.begin()
        privateLinks.begin()
      }
    },
    async watch() {
      if (watching || closing.signal.aborted || !deps.kms) return
      watching = lookAtOwnKeys()
      try {
        await watching
      } finally {
        watching = undefined
      }
    },
    async idle() {
      await Promise.all([notices.idle(), privateLinks.idle()])
    },
    async stop(limitMs) {
      closing.abort()
      const timer = setTimeout(() => shutdown.abort(), limitMs)
      try {
        await ticking
        await notices.idle()
        await Promise.race([Promise.all([watching, privateLinks.idle()]), untilAborted(shutdown.signal)])
      } finally {
        clearTimeout(timer)
      }
    },
  }
}

function untilAborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve()
    else signal.addEventListener('abort', () => resolve(), { once: true })
  })
}

function emptyTally(): Tally {
  return { promoted: 0, retired: 0, checked: 0, waited: 0, failed: 0, 'held-back': 0, 'given-back': 0 }
}

function count(tally: Tally, outcomes: readonly Outcome[]): void {
  for (const outcome of outcomes) tally[outcome] += 1
}

/**
 * Compares this process's clock with the database's at each tick, and in between while a backlog is worked off. While it
 * is off by more than five seconds nothing is claimed. It could not rotate twice even so, since dates are counted from due
 * dates, and what is due is the database's to say.
 */
async function isClockRight(deps: Deps, clockOffsetMs: ClockOffset): Promise<boolean> {
  const offsetMs = await clockOffsetMs()
  if (Math.abs(offsetMs) <= LARGEST_CLOCK_OFFSET_MS) return true
  deps.log.error({ offsetMs }, 'clock differs from the database, nothing is claimed')
  return false
}
