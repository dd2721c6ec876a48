import type { ApiCall, CallStatus } from './api-call.ts'
import type { EventBus } from './event-bus.ts'
import { createHistory } from './history.ts'

/** Record of the calls from the service. */
export type ApiCalls = {
  begin: (call: Omit<ApiCall, 'seq' | 'status' | 'applied' | 'fault'>) => ApiCall
  end: (call: ApiCall, status: CallStatus) => void
  all: () => ApiCall[]
}

const KEPT_CALLS = 100_000

export function createApiCalls(events: EventBus): ApiCalls {
  const calls = createHistory<ApiCall>(KEPT_CALLS)
  let seq = 0
  return {
    begin: (call) => {
      const record: ApiCall = { ...call, seq: ++seq, status: 'pending', applied: false, fault: null }
      calls.push(record)
      return record
    },
    end: (call, status) => {
      call.status = status
      events.emit({ type: 'api-call', call: { ...call } })
    },
    all: () => calls.all().map((call) => ({ ...call })),
  }
}
