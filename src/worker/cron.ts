import { createTask } from 'node-cron'
import type { Log } from '../flows/deps.ts'

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
    { noOverlap: true, timezone: 'UTC', suppressMissedWarning: true },
  )
  void task.start()
  return {
    async stop() {
      await task.destroy()
    },
  }
}
