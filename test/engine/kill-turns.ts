import { requestRotation } from '../../src/flows/dashboard/request-rotation.ts'
import { DAY, type Harness, SECOND } from '../support/harness.ts'
import { addonsOn } from '../support/restarts.ts'
import { actor, type Scenario, type Subject, workerThatDied } from './kill-scenario.ts'
import { tickOf } from './support/ticks.ts'

const work: Scenario['work'] = tickOf
/** Short, so that all turns have come when the takeovers have. */
const env = { SPREAD_RESTARTS: '1m' }

/** Another add-on has restarted the app half a minute before this one is due. */
async function besideRestart(h: Harness, { app }: Subject): Promise<void> {
  const [other] = await addonsOn(h, app, 1, { apartMs: 0 })
  h.clock.advance(14 * DAY - 30 * SECOND)
  await requestRotation(h.deps, { resourceId: other?.id ?? '', actor })
  await tickOf(h.deps)
  h.clock.advance(30 * SECOND)
}

/** What a worker does where another add-on is on the app. */
export const TURNS: readonly Scenario[] = [
  {
    name: 'a scheduled rotation that waits for another restart of its app',
    env,
    prepare: besideRestart,
    work,
  },
  {
    name: 'a scheduled rotation whose turn on its app has come',
    env,
    async prepare(h, addon) {
      await besideRestart(h, addon)
      await tickOf(h.deps)
      h.clock.advance(30 * SECOND)
    },
    work,
  },
  {
    name: 'a rotation whose worker died before its push, which waits for its turn anew',
    env,
    async prepare(h, addon) {
      await besideRestart(h, addon)
      await tickOf(h.deps)
      h.clock.advance(30 * SECOND)
      await workerThatDied(h, 'before call writeConfig')
    },
    work,
  },
]
