/** Permission to call Heroku. False: not now, the call has to be postponed. */
export type CallBudget = { acquire: (signal?: AbortSignal) => Promise<boolean> }

export type CallBudgetOptions = {
  callsPerSecond: number
  /** Reserves a slice of the budget that all processes share, and says in how long it starts; undefined when spent. */
  takeSlice: (calls: number) => Promise<{ startsInMs: number } | undefined>
  /** Milliseconds of a clock that never jumps. */
  steadyMs: () => number
  sleep: (ms: number, signal?: AbortSignal) => Promise<void>
}

/** A slice is this much time's worth of calls: large enough to spare the database, small enough to be fair. */
const SLICE_SECONDS = 0.25

/**
 * Spreads this process's calls evenly over the slices that it reserves. Callers are served in their order; each
 * waits for its own moment, so a slice is never sent as a burst.
 */
export function createCallBudget(options: CallBudgetOptions): CallBudget {
  const { callsPerSecond, takeSlice, steadyMs, sleep } = options
  const callsPerSlice = Math.max(1, Math.ceil(callsPerSecond * SLICE_SECONDS))
  const spacingMs = 1_000 / callsPerSecond
  const sliceMs = callsPerSlice * spacingMs
  let left = 0
  let nextCallAtMs = 0
  let sliceEndsAtMs = 0
  let refill: Promise<boolean> | undefined

  async function reserve(): Promise<boolean> {
    const slice = await takeSlice(callsPerSlice)
    if (!slice) return false
    left = callsPerSlice
    nextCallAtMs = steadyMs() + slice.startsInMs
    sliceEndsAtMs = nextCallAtMs + sliceMs
    return true
  }

  return {
    async acquire(signal) {
      // Calls that were not made in their time are lost: later they would come on top of what others were promised.
      if (steadyMs() >= sliceEndsAtMs) left = 0
      while (left === 0) {
        refill ??= reserve().finally(() => {
          refill = undefined
        })
        if (!(await refill)) return false
      }
      left -= 1
      const callAtMs = nextCallAtMs
      nextCallAtMs += spacingMs
      const waitMs = callAtMs - steadyMs()
      if (waitMs >= 1) await sleep(waitMs, signal)
      return true
    },
  }
}

const TRIES = 8
const TRY_AGAIN_MS = 250

/** Asks for a slice that is only given while nobody else waits, again and again for two seconds: as long as a page waits. */
export async function patiently<Slice>(
  take: () => Promise<Slice | undefined>,
  sleep: (ms: number) => Promise<void>,
): Promise<Slice | undefined> {
  for (let tries = 1; tries < TRIES; tries += 1) {
    const slice = await take()
    if (slice) return slice
    await sleep(TRY_AGAIN_MS)
  }
  return await take()
}
