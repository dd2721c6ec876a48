import type { EventBus } from './event-bus.ts'
import { HerokuError } from './heroku-error.ts'

/** Which calls a fault hits; what is left out matches all. A `path` string matches when the path contains it. */
export type FaultMatch = {
  method?: string
  path?: string | RegExp
  /** Id or name of the add-on whose token (or grant) the call carries. */
  addon?: string
  grantType?: string
  /** `customer`: calls with a customer's own key, and no others. Left out: the service's own. */
  by?: 'customer'
}

/** What goes wrong. "Applied" means that a write takes effect at Heroku although the service cannot know. */
export type FaultKind =
  /** This status instead of an answer; nothing is applied. */
  | { kind: 'status'; status: number; id?: string; message?: string; retryAfter?: number; body?: unknown }
  /** The right answer, applied at once and sent so many real milliseconds late. */
  | { kind: 'latency'; ms: number }
  /** Applied, then the connection is cut. */
  | { kind: 'lost-answer' }
  /** Applied, then answered with an error (default 503). */
  | { kind: 'status-after-write'; status?: number }
  /** The connection is cut before anything is applied. */
  | { kind: 'cut' }
  /** No answer until the client goes or the simulator closes. */
  | { kind: 'hang'; apply?: boolean }
  /** 200 with a body that is not JSON; applied unless `apply` is false. */
  | { kind: 'garbage-body'; apply?: boolean }
  /** Applied; the body ends before its Content-Length. */
  | { kind: 'truncated-body' }
  /** Cut (or hung) now, applied only by `faults.release(id)`: a write that arrives late. */
  | { kind: 'delayed-apply'; answer?: 'cut' | 'hang' }
  /** Sent elsewhere (default 302 to a page of the simulator); nothing is applied. */
  | { kind: 'redirect'; status?: number; location?: string }

/** A fault to add: it hits the next `times` matching calls (default 1), each with `probability` (default 1). */
export type Fault = { match?: FaultMatch; times?: number; probability?: number } & FaultKind

/** A fault as `faults.list()` shows it. */
export type FaultView = { id: string; hits: number; remaining: number; waiting: number; fault: Fault }

/** A fault that has hit a call. */
export type Hit = { id: string; fault: Fault; holdBack: (apply: () => void) => void }

/** The side that tests see. */
export type Faults = {
  add: (fault: Fault) => string
  clear: () => void
  list: () => FaultView[]
  /** Applies the writes that a `delayed-apply` fault holds back, oldest first, and says how many there were. */
  release: (id: string) => number
}

export type FaultCall = {
  method: string
  path: string
  addonId: string | null
  addon: string | null
  grantType: string | null
  by: 'service' | 'customer'
}

type Entry = { id: string; fault: Fault; hits: number; remaining: number; waiting: (() => void)[] }

/** Keeps the faults; `take` finds the first that hits a call. `draw` answers a number in [0, 1). */
export function createFaults(
  events: EventBus,
  draw: () => number,
): Faults & { take: (call: FaultCall) => Hit | undefined } {
  let entries: Entry[] = []
  let lastId = 0
  const take = (call: FaultCall): Hit | undefined => {
    const entry = entries.find(({ fault, remaining }) => {
      if (remaining <= 0 || !matches(fault.match ?? {}, call)) return false
      return fault.probability === undefined || draw() < fault.probability
    })
    if (entry === undefined) return undefined
    entry.remaining -= 1
    entry.hits += 1
    events.emit({ type: 'fault', action: 'hit', kind: entry.fault.kind, id: entry.id })
    return { id: entry.id, fault: entry.fault, holdBack: (apply) => entry.waiting.push(apply) }
  }
  return {
    take,
    add: (fault) => {
      const id = `fault-${++lastId}`
      entries.push({ id, fault, hits: 0, remaining: fault.times ?? 1, waiting: [] })
      events.emit({ type: 'fault', action: 'add', kind: fault.kind, id })
      return id
    },
    // A write that is held back stays releasable: it is already on its way.
    clear: () => {
      entries = entries.filter(({ waiting }) => waiting.length > 0)
      for (const entry of entries) entry.remaining = 0
      events.emit({ type: 'fault', action: 'clear', kind: 'all', id: '' })
    },
    list: () =>
      entries.map(({ id, fault, hits, remaining, waiting }) => ({
        id,
        fault,
        hits,
        remaining,
        waiting: waiting.length,
      })),
    release: (id) => {
      const entry = entries.find((candidate) => candidate.id === id)
      if (entry === undefined) throw new HerokuError(404, 'not_found', `There is no fault ${id}.`)
      const waiting = entry.waiting.splice(0)
      for (const apply of waiting) apply()
      events.emit({ type: 'fault', action: 'release', kind: entry.fault.kind, id })
      return waiting.length
    },
  }
}

function matches(match: FaultMatch, call: FaultCall): boolean {
  if ((match.by ?? 'service') !== call.by) return false
  if (match.method !== undefined && match.method.toUpperCase() !== call.method) return false
  if (typeof match.path === 'string' && !call.path.includes(match.path)) return false
  if (match.path instanceof RegExp && call.path.search(match.path) === -1) return false
  if (match.addon !== undefined && match.addon !== call.addonId && match.addon !== call.addon) return false
  return match.grantType === undefined || match.grantType === call.grantType
}
