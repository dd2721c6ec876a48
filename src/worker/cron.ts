import { createTask } from 'node-cron'
import type { Log } from '../flows/log.ts'

export type Cron = { stop: () => Promise<void> }

/**
 * Starts `tick` whenever the cron expression says so (UTC). A tick never overlaps itself: while one is at work the
 * next start is passed over. An error is logged, and the next start comes all the same.
 */
export function startCron(expression: string, log: Log, tick: () => Promise<unknown>): Cron {
  const task = createTask(
    expression,
    async () => {
      await tick().catch((error: unknown) => log.error({ err: error }, 'tick failed'))
    },
    { noOverlap: true, timezone: 'UTC', suppressMissedWarning: true, logger: cronLogger(log) },
  )
  void task.start()
  return {
    async stop() {
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
