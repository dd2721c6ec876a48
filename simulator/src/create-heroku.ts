import { createApiCalls } from './api-calls.ts'
import { createEventBus } from './event-bus.ts'
import { createFaults } from './faults.ts'
import type { Heroku } from './heroku.ts'
import { createHistory } from './history.ts'
import { createNotes } from './notes.ts'
import { randomFrom, type SimulatorOptions, settingsFrom } from './options.ts'
import { createRandomness } from './randomness.ts'
import { createRateLimit } from './rate-limit.ts'
import { loadWorld } from './state-file.ts'
import { emptyWorld } from './world.ts'

const KEPT_ITEMS = 20_000

/** Puts the parts together: the saved world or an empty one, the clock, the bus, the records. */
export function createHeroku(options: SimulatorOptions): Heroku {
  const { now, statePath } = options
  const settings = settingsFrom(options)
  const random = createRandomness(randomFrom(options))
  const events = createEventBus(now)
  const saved = statePath === undefined ? undefined : loadWorld(statePath)
  let url: string | undefined
  return {
    settings,
    world: saved ?? emptyWorld({ id: random.uuid(), email: 'customer@example.com' }),
    now,
    random,
    events,
    apiCalls: createApiCalls(events),
    faults: createFaults(events, () => random.below(1_000_000) / 1_000_000),
    rateLimit: createRateLimit(settings, now),
    serviceCalls: createHistory(KEPT_ITEMS),
    logs: createHistory(KEPT_ITEMS),
    notes: createNotes(events),
    url: () => {
      if (url === undefined) throw new Error('the simulator does not listen yet')
      return url
    },
    listensAt: (address) => {
      url = address
    },
    closing: new AbortController(),
  }
}
