import type { Log } from '../flows/deps.ts'

/** Work that goes on after an answer was sent. */
export type Background = {
  run: (what: string, work: (signal: AbortSignal) => Promise<unknown>) => void
  /** Takes no more work and waits for the rest, `limitMs` at the most; then the rest is told to end. */
  drain: (limitMs: number) => Promise<void>
}

/** Keeps an eye on work that no request waits for, so that shutdown can. An error is logged and goes no further. */
export function createBackground(log: Log): Background {
  const running = new Set<Promise<void>>()
  const ending = new AbortController()
  let closed = false
  return {
    run(what, work) {
      if (closed) return
      const done = work(ending.signal)
        .then(() => undefined)
        .catch((error: unknown) => log.error({ err: error, what }, 'background work failed'))
        .finally(() => running.delete(done))
      running.add(done)
    },
    async drain(limitMs) {
      closed = true
      const timer = setTimeout(() => ending.abort(), limitMs)
      await Promise.all(running)
      clearTimeout(timer)
    },
  }
}
