const MOST_CALLS_KEPT = 100_000

/** The calls that came in, oldest first; the oldest are forgotten once there are very many. */
export function createCalls<Call>(): { add: (call: Call) => void; all: () => readonly Call[] } {
  const calls: Call[] = []
  return {
    add(call) {
      calls.push(call)
      if (calls.length > MOST_CALLS_KEPT) calls.shift()
    },
    all: () => calls,
  }
}
