import { createTask } from 'node-cron'
import type { Log } from '../flows/log.ts'

export type Cron = { stop: () => Promise<void> }

/** The clock on the wall, and one that never jumps. */
export type Clocks = { now: () => Date; steadyMs: () => number }

/** How often it is looked whether starts still come; timers of Node run by the clock that never jumps. */
const LOOK_EVERY_MS = 15_000
const JUMP_MS = 1_000
/** A busy process starts late. */
const LATE_MS = 5_000

/**
 * Starts `tick` whenever the cron expression says so (UTC). A tick never overlaps itself: while one is at work the
 * next start is passed over. An error is logged, and the next start comes all the same. A clock that is set, or was wrong
 * for a moment, holds up the next start for less than half a minute: by the clock that was wrong it may lie hours away.
 */
export function startCron(
  expression: string,
  log: Log,
  tick: () => Promise<unknown>,
  { now, steadyMs }: Clocks,
): Cron {
  let ticking = false
  async function start(): Promise<void> {
    if (ticking) return
    ticking = true
    await tick().catch((error: unknown) => log.error({ err: error }, 'tick failed'))
    ticking = false
    dueMs = nextStartMs()
  }
  function begin() {
    const options = { noOverlap: true, timezone: 'UTC', suppressMissedWarning: true, logger: cronLogger(log) }
    const task = createTask(expression, start, options)
    void task.start()
    return task
  }
  function beginAnew(): void {
    void task.destroy()
    task = begin()
    aheadMs = presentAheadMs()
    dueMs = nextStartMs()
  }
  const presentAheadMs = () => now().getTime() - steadyMs()
  /** When the next start is due, by the clock that never jumps. */
  function nextStartMs(): number {
    const next = task.getNextRun()
    return next ? next.getTime() - presentAheadMs() : Number.POSITIVE_INFINITY
  }

  let task = begin()
  let aheadMs = presentAheadMs()
  let dueMs = nextStartMs()
  const look = setInterval(() => {
    const movedMs = Math.round(presentAheadMs() - aheadMs)
    if (Math.abs(movedMs) >= JUMP_MS) {
      log.warn({ movedMs }, 'clock was set, the next tick is counted anew')
      beginAnew()
    } else if (!ticking && steadyMs() > dueMs + LATE_MS) {
      log.warn(
        { lateMs: Math.round(steadyMs() - dueMs) },
        'a tick did not come, the next one is counted anew',
      )
      beginAnew()
      void start()
    }
  }, LOOK_EVERY_MS)

  return {
    async stop() {
      clearInterval(look)
      await task.destroy()
    },
  }
}

/** By itself node-cron writes plain text among our JSON lines. That a start was passed over is nothing to tell. */
function cronLogger(log: Log) {
  const nothing = () => {}
  const error = (problem: string | Error) =>
    log.error({ err: problem instanceof Error ? problem : new Error(problem) }, 'cron failed')
  return { info: nothing, debug: nothing, warn: nothing, error }
}
