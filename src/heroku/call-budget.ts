/** Permission to call Heroku. False: not now, the call has to be postponed. */
export type CallBudget = { acquire: (signal?: AbortSignal) => Promise<boolean> }

export type CallBudgetOptions = {
  callsPerSecond: number
  /** Reserves a slice of the budget that all processes share and answers when it starts; undefined when spent. */
  takeSlice: (calls: number) => Promise<Date | undefined>
  now: () => Date
  sleep: (ms: number, signal?: AbortSignal) => Promise<void>
}

/** A slice is this much time's worth of calls: large enough to spare the database, small enough to be fair. */
const SLICE_SECONDS = 0.25

/**
 * Spreads this process's calls evenly over the slices that it reserves. Callers are served in their order; each
 * waits for its own moment, so a slice is never sent as a burst.
 */
export function createCallBudget(options: CallBudgetOptions): CallBudget {
  const { callsPerSecond, takeSlice, now, sleep } = options
  const callsPerSlice = Math.max(1, Math.ceil(callsPerSecond * SLICE_SECONDS))
  const spacingMs = 1_000 / callsPerSecond
  const sliceMs = callsPerSlice * spacingMs
  let left = 0
  let nextCallAtMs = 0
  let sliceEndsAtMs = 0
  let refill: Promise<boolean> | undefined

  async function reserve(): Promise<boolean> {
    const startsAt = await takeSlice(callsPerSlice)
    if (!startsAt) return false
    left = callsPerSlice
    nextCallAtMs = startsAt.getTime()
    sliceEndsAtMs = nextCallAtMs + sliceMs
    return true
  }

  return {
    async acquire(signal) {
      // Calls that were not made in their time are lost: later they would come on top of what others were promised.
      if (now().getTime() >= sliceEndsAtMs) left = 0
      while (left === 0) {
        refill ??= reserve().finally(() => {
          refill = undefined
        })
        if (!(await refill)) return false
      }
      left -= 1
      const callAtMs = nextCallAtMs
      nextCallAtMs += spacingMs
      const waitMs = callAtMs - now().getTime()
      if (waitMs >= 1) await sleep(waitMs, signal)
      return true
    },
  }
}
