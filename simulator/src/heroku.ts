import type { ApiCalls } from './api-calls.ts'
import type { EventBus } from './event-bus.ts'
import type { createFaults } from './faults.ts'
import type { History } from './history.ts'
import type { LogLine } from './log-line.ts'
import type { Notes } from './notes.ts'
import type { Settings } from './options.ts'
import type { Randomness } from './randomness.ts'
import type { RateLimit } from './rate-limit.ts'
import type { ServiceCall } from './service-call.ts'
import type { World } from './world.ts'

/** What every part of the simulated Heroku works with. */
export type Heroku = {
  settings: Settings
  world: World
  now: () => Date
  random: Randomness
  events: EventBus
  apiCalls: ApiCalls
  faults: ReturnType<typeof createFaults>
  rateLimit: RateLimit
  serviceCalls: History<ServiceCall>
  logs: History<LogLine>
  notes: Notes
  /** Where the simulator listens, for the URLs it hands out. */
  url: () => string
  listensAt: (url: string) => void
  /** Ends at `close()`, together with every call to the service that is still open. */
  closing: AbortController
}

/** The simulated time as the API writes it (seconds, `Z`). */
export function timestamp(heroku: Heroku): string {
  return heroku.now().toISOString()
}
