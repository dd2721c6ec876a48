import { requestRotation } from '../../src/flows/dashboard/request-rotation.ts'
import { DAY, type Harness, HOUR, MINUTE } from '../support/harness.ts'
import { actor, rotated, type Scenario, workerThatDied } from './kill-scenario.ts'
import { freeze, window } from './support/calendars.ts'
import { tickOf } from './support/ticks.ts'

const work: Scenario['work'] = tickOf
/** A window of an hour, which opened ten minutes ago. */
async function opened(h: Harness, id: string): Promise<void> {
  const timeIn = (ms: number) => new Date(h.clock.now().getTime() + ms).toISOString().slice(11, 16)
  await window(h.deps, id, `daily ${timeIn(-10 * MINUTE)}-${timeIn(50 * MINUTE)} UTC`)
}

/** What a worker does where windows and freezes say when. */
export const CALENDAR: readonly Scenario[] = [
  {
    name: 'a scheduled rotation that a window and the end of a freeze let through',
    async prepare(h, { id }) {
      await opened(h, id)
      await freeze(h.deps, id, 15 * DAY)
      h.clock.advance(15 * DAY)
    },
    work,
  },
  {
    name: 'a rotation whose push was lost, outside of its window',
    async prepare(h, { id }) {
      await opened(h, id)
      h.clock.advance(14 * DAY)
      await workerThatDied(h, 'before call writeConfig')
      h.clock.advance(2 * HOUR)
    },
    work,
    endsWaiting: true,
  },
  {
    name: 'a rotation whose push arrived before its worker died, outside of its window',
    async prepare(h, { id }) {
      await opened(h, id)
      h.clock.advance(14 * DAY)
      await workerThatDied(h, 'after call writeConfig')
      h.clock.advance(2 * HOUR)
    },
    work,
  },
  {
    name: 'a rotation that waits for its window and that a person presses for',
    async prepare(h, { id }) {
      await opened(h, id)
      h.clock.advance(14 * DAY)
      await workerThatDied(h, 'before call writeConfig')
      h.clock.advance(2 * HOUR)
      await tickOf(h.deps)
      await requestRotation(h.deps, { resourceId: id, actor })
    },
    work,
  },
  {
    name: 'a filler whose grace period ended outside of a window',
    grace: '47h',
    async prepare(h, { id }) {
      await opened(h, id)
      await rotated(h)
      h.clock.advance(48 * HOUR)
    },
    work,
  },
]
