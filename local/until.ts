import { setTimeout as sleep } from 'node:timers/promises'
import { LocalStackError } from './local-stack-error.ts'

const LOOK_EVERY_MS = 50

/** Waits until something holds; throws when it does not within the limit, or with the signal's reason. */
export async function until(
  what: string,
  holds: () => boolean | Promise<boolean>,
  { limitMs, signal }: { limitMs: number; signal: AbortSignal },
): Promise<void> {
  const limit = AbortSignal.timeout(limitMs)
  while (!(await holds())) {
    signal.throwIfAborted()
    if (limit.aborted) throw new LocalStackError(`${what} did not happen within ${limitMs / 1_000} s.`)
    await sleep(LOOK_EVERY_MS)
  }
}

/** Settles when the signal is aborted. */
export async function aborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return
  await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }))
}
