/** What goes wrong with a call of any service of AWS on command; nothing of the call takes effect. */
export type AwsFault =
  | { kind: 'throttle' }
  /** An exception by its name, with the status that AWS sends it with, or this one. */
  | { kind: 'exception'; type: string; status?: number }
  /** A status with a body that no AWS wrote. */
  | { kind: 'status'; status: number }
  /** No answer until the client goes or the fake ends. */
  | { kind: 'hang' }
  /** The connection is cut. */
  | { kind: 'cut' }

/** A fault, and the calls that it hits. */
export type Ordered<Fault> = Fault & {
  /** The action, such as `Decrypt`; left out, it hits all. */
  action?: string
  /** Of how many calls; left out, of one. */
  times?: number
}

export type Faults<Fault> = {
  add: (fault: Ordered<Fault>) => void
  clear: () => void
  /** The fault that hits this call, counted as used. */
  take: (action: string) => Fault | undefined
}

export function createFaults<Fault>(): Faults<Fault> {
  const waiting: { fault: Ordered<Fault>; left: number }[] = []
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

/** What the record of a call says of the fault that hit it. */
export function faultName(fault: { kind: string; type?: string } | undefined): string | undefined {
  return fault?.kind === 'exception' ? fault.type : fault?.kind
}
