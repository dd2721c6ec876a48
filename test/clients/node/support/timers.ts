/** The limit of a request is the one timer of ten seconds; the other is the next request. */
const LIMIT_MS = 10_000

/** Timers that a test lets go off. `pass` moves its clock. */
export function createTimers(pass: (ms: number) => void) {
  let limits: { work: () => void }[] = []
  let plan: { work: () => void; ms: number } | undefined
  return {
    setTimer: (work: () => void, ms: number) => {
      const timer = { work, ms }
      if (ms === LIMIT_MS) limits.push(timer)
      else plan = timer
      return () => {
        limits = limits.filter((each) => each !== timer)
        if (plan === timer) plan = undefined
      }
    },
    /** In how many milliseconds the next request is due. */
    planned: () => plan?.ms,
    fire: () => {
      const due = plan
      if (!due) throw new Error('nothing is planned')
      plan = undefined
      pass(due.ms)
      due.work()
    },
    /** Ten seconds are over for whatever is under way. */
    outOfTime: () => {
      pass(LIMIT_MS)
      for (const { work } of limits) work()
    },
    limits: () => limits.length,
  }
}
