/** What goes wrong with a call on command; nothing of the call takes effect. */
export type KmsFault = {
  /** The action, such as `Decrypt`; left out, it hits all. */
  action?: string
  /** Of how many calls; left out, of one. */
  times?: number
} & (
  | { kind: 'throttle' }
  /** An exception by its name, with the status that KMS sends it with, or this one. */
  | { kind: 'exception'; type: string; status?: number }
  /** A status with a body that no KMS wrote. */
  | { kind: 'status'; status: number }
  /** No answer until the client goes or the fake ends. */
  | { kind: 'hang' }
  /** The connection is cut. */
  | { kind: 'cut' }
)

export type KmsFaults = {
  add: (fault: KmsFault) => void
  clear: () => void
  /** The fault that hits this call, counted as used. */
  take: (action: string) => KmsFault | undefined
}

export function createKmsFaults(): KmsFaults {
  const waiting: { fault: KmsFault; left: number }[] = []
  return {
    add: (fault) => void waiting.push({ fault, left: fault.times ?? 1 }),
    clear: () => void waiting.splice(0),
    take(action) {
      const entry = waiting.find(
        ({ fault, left }) => left > 0 && (fault.action === undefined || fault.action === action),
      )
      if (entry) entry.left -= 1
      return entry?.fault
    },
  }
}
