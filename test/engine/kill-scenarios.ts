import { pauseRotation } from '../../src/flows/dashboard/pause-rotation.ts'
import { requestRotation, resumeRotation } from '../../src/flows/dashboard/request-rotation.ts'
import { revokeKeys } from '../../src/flows/dashboard/revoke-keys.ts'
import type { Deps } from '../../src/flows/deps.ts'
import { changePlan } from '../../src/flows/provisioning/change-plan.ts'
import { DAY, HOUR, MINUTE } from '../support/harness.ts'
import { CALENDAR } from './kill-calendar.ts'
import { NEXT_KEY } from './kill-next-key.ts'
import { REQUESTS } from './kill-requests.ts'
import { actor, rotated, type Scenario, stuck, workerThatDied } from './kill-scenario.ts'
import { TOKEN_LIFE } from './kill-token-life.ts'
import { TURNS } from './kill-turns.ts'
import { tickOf } from './support/ticks.ts'

const tick = (deps: Deps) => tickOf(deps)

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
    name: 'a rotation whose key was stored by a worker that died before its push',
    async prepare(h) {
      h.clock.advance(14 * DAY)
      await workerThatDied(h, 'before call writeConfig')
    },
    work: tick,
  },
  {
    name: 'a rotation whose push was made by a worker that died before its promotion',
    async prepare(h) {
      h.clock.advance(14 * DAY)
      await workerThatDied(h, 'after call writeConfig')
    },
    work: tick,
  },
  {
    name: 'a rotation that becomes stuck',
    async prepare(h, { id }) {
      h.clock.advance(14 * DAY)
      h.heroku.faults.add({
        match: { method: 'PATCH', addon: id },
        kind: 'status',
        status: 404,
        times: 100,
      })
      await tickOf(h.deps)
      h.clock.advance(5 * MINUTE)
    },
    work: tick,
    endsStuck: true,
  },
  {
    name: 'a stuck rotation that is resumed',
    async prepare(h, { id }) {
      h.clock.advance(14 * DAY)
      await stuck(h, id)
      await resumeRotation(h.deps, { resourceId: id, actor })
    },
    work: tick,
  },
  {
    name: 'a rotation by hand during a pause',
    async prepare(h, { id }) {
      await pauseRotation(h.deps, { resourceId: id, actor, until: null, reason: 'audit' })
      h.clock.advance(20 * DAY)
      await requestRotation(h.deps, { resourceId: id, actor })
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
    name: 'a filler whose push was lost',
    grace: '48h',
    async prepare(h, { id }) {
      await rotated(h)
      h.clock.advance(48 * HOUR)
      h.heroku.faults.add({ match: { method: 'PATCH', addon: id }, kind: 'truncated-body' })
      await tickOf(h.deps)
      h.clock.advance(MINUTE)
    },
    work: tick,
  },
  {
    name: 'a rotation that comes due while a filler still waits for Heroku',
    grace: '48h',
    async prepare(h, { id }) {
      await rotated(h)
      h.clock.advance(48 * HOUR)
      h.heroku.faults.add({ match: { method: 'PATCH', addon: id }, kind: 'status', status: 503 })
      await tickOf(h.deps)
      h.clock.advance(12 * DAY)
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
      h.heroku.faults.add({ match: { method: 'PATCH', addon: id }, kind: 'truncated-body' })
      await tickOf(h.deps)
      await revokeKeys(h.deps, { resourceId: id, actor })
    },
    work: tick,
  },
  {
    name: 'a revoke of a revoke that is stuck',
    async prepare(h, { id }) {
      await revokeKeys(h.deps, { resourceId: id, actor })
      await stuck(h, id)
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
  ...CALENDAR,
  ...TURNS,
  ...NEXT_KEY,
  ...TOKEN_LIFE,
  ...REQUESTS,
]
