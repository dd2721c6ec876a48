/**
 * Stops calling while Heroku is down, so that attempts are not burned on it, and finds out by itself when it is back.
 * `closed`: calls go through. `open`: none does until `OPEN_MS` have passed; then one probe decides.
 */
export type Circuit = {
  /** Milliseconds to wait before the next call may be tried; 0 when one may go now. A probe is handed out once. */
  waitMs: () => number
  /** Told the end of every call that was let through. */
  record: (answered: boolean) => void
}

const FAILURES_TO_OPEN = 8
const OPEN_MS = 15_000

/** A circuit for one of Heroku's hosts, counting failures in a row over all resources. */
export function createCircuit(now: () => Date): Circuit {
  let failuresInRow = 0
  let openUntilMs = 0

  return {
    waitMs() {
      if (failuresInRow < FAILURES_TO_OPEN) return 0
      const nowMs = now().getTime()
      if (nowMs < openUntilMs) return openUntilMs - nowMs
      // Half open: this caller probes, everybody else waits for what it finds.
      openUntilMs = nowMs + OPEN_MS
      return 0
    },
    record(answered) {
      if (answered) {
        failuresInRow = 0
        return
      }
      failuresInRow += 1
      if (failuresInRow >= FAILURES_TO_OPEN) openUntilMs = now().getTime() + OPEN_MS
    },
  }
}
