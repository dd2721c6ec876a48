import type { EventBus } from './event-bus.ts'

/** How a call ended: the status sent, or what a fault did to the answer. */
export type CallStatus = number | 'pending' | 'cut' | 'hung' | 'lost' | 'delayed'

/** One call that the simulator received from the service. Tokens and codes are never kept here. */
export type ApiCall = {
  seq: number
  at: string
  method: string
  path: string
  status: CallStatus
  addonId: string | null
  addon: string | null
  grantType: string | null
  /** The values that a config PATCH sent. */
  config: Record<string, string | null> | null
  /** Whether a write took effect; with a delayed one it turns true when that is released. */
  applied: boolean
  requestId: string
  userAgent: string | null
  fault: string | null
}

/** Record of the calls from the service. */
export type ApiCalls = {
  begin: (call: Omit<ApiCall, 'seq' | 'status' | 'applied' | 'fault'>) => ApiCall
  end: (call: ApiCall, status: CallStatus) => void
  all: () => ApiCall[]
}

/** A stack left running for weeks must not fill the memory with its history. */
const MAX_KEPT = 100_000

export function createApiCalls(events: EventBus): ApiCalls {
  let calls: ApiCall[] = []
  let seq = 0
  return {
    begin: (call) => {
      const record: ApiCall = { ...call, seq: ++seq, status: 'pending', applied: false, fault: null }
      calls.push(record)
      if (calls.length > MAX_KEPT) calls = calls.slice(-MAX_KEPT / 2)
      return record
    },
    end: (call, status) => {
      call.status = status
      events.emit({ type: 'api-call', call: { ...call } })
    },
    all: () => calls.map((call) => ({ ...call })),
  }
}
