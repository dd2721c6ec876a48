/** Runs pieces of work, so many at a time; the others wait for their turn in the order in which they came. */
export type Slots = <T>(work: () => Promise<T>) => Promise<T>

/** A counter is all that it takes. */
export function createSlots(most: number): Slots {
  let used = 0
  const waiting: (() => void)[] = []
  return async (work) => {
    if (used < most) used += 1
    else await new Promise<void>((resolve) => waiting.push(resolve))
    try {
      return await work()
    } finally {
      // Whoever waits takes this place over.
      const next = waiting.shift()
      if (next) next()
      else used -= 1
    }
  }
}
