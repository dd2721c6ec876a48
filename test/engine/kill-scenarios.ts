import { changePlan } from '../../src/flows/change-plan.ts'
import { deprovision } from '../../src/flows/deprovision.ts'
import type { Deps } from '../../src/flows/deps.ts'
import { pauseRotation } from '../../src/flows/pause-rotation.ts'
import { requestRotation } from '../../src/flows/request-rotation.ts'
import { revokeKeys } from '../../src/flows/revoke-keys.ts'
import { setGracePeriod } from '../../src/flows/set-grace-period.ts'
import { DAY, type Harness, HOUR, MINUTE } from '../support/harness.ts'
import { tickOf } from './support/ticks.ts'

export type Subject = { id: string; app: string }

/** A piece of work during which a process is killed at every point, and what is there before it. */
export type Scenario = {
  name: string
  grace?: string
  /** Brings the add-on to where the work begins; the clock stands there then. */
  prepare: (h: Harness, addon: Subject) => Promise<void>
  /** The work of the process that dies. */
  work: (deps: Deps, addon: Subject) => Promise<unknown>
  /** What whoever asked for the work does when no answer came: asks again. A tick needs nobody to ask. */
  again?: (deps: Deps, addon: Subject) => Promise<unknown>
  /** Actions in the audit trail of which a crash may leave one more or less. */
  notCompared?: string[]
}

const actor = { type: 'operator' } as const

async function rotated(h: Harness): Promise<void> {
  h.clock.advance(14 * DAY)
  await tickOf(h.deps)
}

const tick = (deps: Deps) => tickOf(deps)

/** A request, repeated as it was when it brought no answer. */
function request(name: string, work: (deps: Deps, addon: Subject) => Promise<unknown>): Scenario {
  return { name, prepare: rotated, work, again: work }
}

export const SCENARIOS: readonly Scenario[] = [
  {
    name: 'a scheduled rotation that needs a fresh access token first',
    prepare: async (h) => h.clock.advance(14 * DAY),
    work: tick,
  },
  {
    name: 'a rotation by hand with a good access token',
    async prepare(h, { id }) {
      await requestRotation(h.deps, { resourceId: id, actor })
    },
    work: tick,
  },
  {
    name: 'a rotation whose push Heroku answers with 503',
    async prepare(h, { id }) {
      h.clock.advance(14 * DAY)
      h.heroku.faults.add({ match: { method: 'PATCH', addon: id }, kind: 'status', status: 503 })
    },
    work: tick,
  },
  {
    name: 'a rotation whose push Heroku applies and answers with 503',
    async prepare(h, { id }) {
      h.clock.advance(14 * DAY)
      h.heroku.faults.add({ match: { method: 'PATCH', addon: id }, kind: 'status-after-write' })
    },
    work: tick,
  },
  {
    name: 'a rotation whose access token Heroku no longer takes',
    async prepare(h, { id }) {
      await requestRotation(h.deps, { resourceId: id, actor })
      h.heroku.revokeToken(id)
    },
    work: tick,
  },
  {
    name: 'a filler after the end of a grace period',
    grace: '48h',
    async prepare(h) {
      await rotated(h)
      h.clock.advance(48 * HOUR)
    },
    work: tick,
  },
  {
    name: 'an old key that is in no config var any more',
    grace: '20d',
    async prepare(h) {
      await rotated(h)
      await rotated(h)
      h.clock.advance(HOUR)
      await tickOf(h.deps)
      h.clock.advance(6 * DAY - HOUR)
    },
    work: tick,
  },
  {
    name: 'a revoke',
    async prepare(h, { id }) {
      await rotated(h)
      await revokeKeys(h.deps, { resourceId: id, actor })
    },
    work: tick,
  },
  {
    name: 'a revoke of a rotation whose push was lost',
    async prepare(h, { id }) {
      h.clock.advance(14 * DAY)
      h.heroku.faults.add({ match: { method: 'PATCH', addon: id }, kind: 'lost-answer' })
      await tickOf(h.deps)
      await revokeKeys(h.deps, { resourceId: id, actor })
    },
    work: tick,
  },
  {
    name: 'a plan change that makes the key due at once',
    async prepare(h, { id }) {
      h.clock.advance(3 * DAY)
      await changePlan(h.deps, { resourceId: id, plan: 'daily' })
    },
    work: tick,
  },
  {
    name: 'a check that finds nothing',
    async prepare(h) {
      await rotated(h)
      h.clock.advance(HOUR)
    },
    work: tick,
  },
  {
    name: 'a check that finds the app rolled back',
    async prepare(h, { app }) {
      const { version } = h.heroku.view.app(app)
      await rotated(h)
      await h.heroku.customer.rollback(app, version)
      h.clock.advance(HOUR)
    },
    work: tick,
    // Where the repair arrived and its worker died, the next check finds nothing to repair.
    notCompared: ['config-repaired'],
  },
  request('the request for a rotation', (deps, { id }) => requestRotation(deps, { resourceId: id, actor })),
  request('the request for a revoke', (deps, { id }) => revokeKeys(deps, { resourceId: id, actor })),
  request('the request for another plan', (deps, { id }) =>
    changePlan(deps, { resourceId: id, plan: 'daily' }),
  ),
  request('the request for a pause', (deps, { id }) =>
    pauseRotation(deps, { resourceId: id, actor, until: null, reason: 'audit' }),
  ),
  {
    ...request('the request for another grace period', (deps, { id }) =>
      setGracePeriod(deps, { resourceId: id, actor, grace: { until: 'elapsed', ms: 72 * HOUR } }),
    ),
    // The repeated request is written down too, as one that changes nothing.
    notCompared: ['grace-period-changed'],
  },
  {
    ...request('the end of the add-on', (deps, { id }) => deprovision(deps, { resourceId: id })),
    // The second time it is gone already, which Heroku takes for an answer.
    again: (deps, { id }) => deprovision(deps, { resourceId: id }).catch(() => undefined),
  },
]

/** Longer than any lease, shorter than the time to the first check. */
export const UNTIL_TAKEOVER_MS = 2 * MINUTE
