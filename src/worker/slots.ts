/**
 * Runs pieces of work, so many at a time; the others wait for their turn in the order in which they came, those that are
 * `urgent` before all others.
 */
export type Slots = <T>(work: () => Promise<T>, urgent?: boolean) => Promise<T>

/** A counter is all that it takes. */
export function createSlots(most: number): Slots {
  let used = 0
  const urgentlyWaiting: (() => void)[] = []
  const waiting: (() => void)[] = []
  return async (work, urgent = false) => {
    if (used < most) used += 1
    else await new Promise<void>((resolve) => (urgent ? urgentlyWaiting : waiting).push(resolve))
    try {
      return await work()
    } finally {
      // Whoever waits takes this place over.
      const next = urgentlyWaiting.shift() ?? waiting.shift()
      if (next) next()
      else used -= 1
    }
  }
}
