import { announceNext } from '../../src/flows/dashboard/announce-next.ts'
import { pauseRotation, resumeSchedule } from '../../src/flows/dashboard/pause-rotation.ts'
import { requestRotation, resumeRotation } from '../../src/flows/dashboard/request-rotation.ts'
import { revokeKeys } from '../../src/flows/dashboard/revoke-keys.ts'
import { setGracePeriod } from '../../src/flows/dashboard/set-grace-period.ts'
import type { Deps } from '../../src/flows/deps.ts'
import { changePlan } from '../../src/flows/provisioning/change-plan.ts'
import { deprovision } from '../../src/flows/provisioning/deprovision.ts'
import { DAY, HOUR } from '../support/harness.ts'
import { actor, rotated, type Scenario, type Subject, stuck } from './kill-scenario.ts'
import { signOnBy } from './support/person.ts'

/** A request, repeated as it was when it brought no answer. */
function request(name: string, work: (deps: Deps, addon: Subject) => Promise<unknown>): Scenario {
  return { name, prepare: rotated, work, again: work }
}

/** What the web process does when it is asked. */
export const REQUESTS: readonly Scenario[] = [
  request('the request for a rotation', (deps, { id }) => requestRotation(deps, { resourceId: id, actor })),
  request('the request for a revoke', (deps, { id }) => revokeKeys(deps, { resourceId: id, actor })),
  request('the request for another plan', (deps, { id }) =>
    changePlan(deps, { resourceId: id, plan: 'daily' }),
  ),
  request('the request for a pause', (deps, { id }) =>
    pauseRotation(deps, { resourceId: id, actor, until: null, reason: 'audit' }),
  ),
  {
    ...request('the end of a pause', (deps, { id }) => resumeSchedule(deps, { resourceId: id, actor })),
    async prepare(h, { id }) {
      await pauseRotation(h.deps, { resourceId: id, actor, until: null, reason: 'audit' })
      h.clock.advance(20 * DAY)
    },
  },
  request('the request for another grace period', (deps, { id }) =>
    setGracePeriod(deps, { resourceId: id, actor, grace: { until: 'elapsed', ms: 72 * HOUR } }),
  ),
  request('the request to announce the next key', (deps, { id }) =>
    announceNext(deps, { resourceId: id, actor, on: true }),
  ),
  {
    ...request('the request to announce it no longer', (deps, { id }) =>
      announceNext(deps, { resourceId: id, actor, on: false }),
    ),
    next: true,
  },
  {
    ...request('the request to resume a stuck rotation', (deps, { id }) =>
      resumeRotation(deps, { resourceId: id, actor }),
    ),
    async prepare(h, { id }) {
      h.clock.advance(14 * DAY)
      await stuck(h, id)
    },
  },
  signOnTwice(),
  {
    ...request('the end of the add-on', (deps, { id }) => deprovision(deps, { resourceId: id })),
    // The second time it is gone already, which Heroku takes for an answer.
    again: (deps, { id }) => deprovision(deps, { resourceId: id }).catch(() => undefined),
  },
]

/** A sign-on whose form is sent again: its token is good for one login. */
function signOnTwice(): Scenario {
  let madeAt: Date | undefined
  const work: Scenario['work'] = (deps, { id }) => signOnBy(deps, id, madeAt ?? deps.now())
  return {
    ...request('a sign-on', work),
    async prepare(h) {
      madeAt = h.clock.now()
    },
  }
}
