import { setTimeout } from 'node:timers/promises'

/** The real clock. Everything else is given one. */
export const systemNow = (): Date => new Date()

/** Milliseconds since this process began: they go on evenly, whatever is done to the clock. For spans, never for dates. */
export const systemSteadyMs = (): number => performance.now()

/** Waits `ms` of real time; rejects early when the signal is aborted. */
export async function sleep(ms: number, signal?: AbortSignal): Promise<void> {
  await setTimeout(ms, undefined, signal ? { signal } : {})
}
