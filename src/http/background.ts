import type { Log } from '../flows/log.ts'

/** Work that goes on after an answer was sent. Each piece has a limit of its own: none is cut off in the middle. */
export type Background = {
  run: (what: string, work: () => Promise<unknown>) => void
  /** Takes no more work and waits for the rest, `limitMs` at the most. */
  drain: (limitMs: number) => Promise<void>
}

/** Keeps an eye on work that no request waits for, so that shutdown can. An error is logged and goes no further. */
export function createBackground(log: Log): Background {
  const running = new Set<Promise<void>>()
  let closed = false
  return {
    run(what, work) {
      if (closed) return
      const done = work()
        .then(() => undefined)
        .catch((error: unknown) => log.error({ err: error, what }, 'background work failed'))
        .finally(() => running.delete(done))
      running.add(done)
    },
    async drain(limitMs) {
      closed = true
      let timer: NodeJS.Timeout | undefined
      const limit = new Promise<void>((resolve) => {
        timer = setTimeout(resolve, limitMs)
      })
      await Promise.race([Promise.all(running), limit])
      clearTimeout(timer)
    },
  }
}
