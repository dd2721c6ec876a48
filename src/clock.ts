import { setTimeout } from 'node:timers/promises'

/** The real clock. Everything else is given one. */
export const systemNow = (): Date => new Date()

/** Waits `ms` of real time; rejects early when the signal is aborted. */
export async function sleep(ms: number, signal?: AbortSignal): Promise<void> {
  await setTimeout(ms, undefined, signal ? { signal } : {})
}
