import { announceNext } from '../../src/flows/dashboard/announce-next.ts'
import { pauseRotation } from '../../src/flows/dashboard/pause-rotation.ts'
import { requestRotation } from '../../src/flows/dashboard/request-rotation.ts'
import { revokeKeys } from '../../src/flows/dashboard/revoke-keys.ts'
import { DAY, type Harness, HOUR } from '../support/harness.ts'
import { actor, rotated, type Scenario, workerThatDied } from './kill-scenario.ts'
import { tickOf } from './support/ticks.ts'

const work: Scenario['work'] = tickOf
const switchNext = (h: Harness, id: string, on: boolean) =>
  announceNext(h.deps, { resourceId: id, actor, on })

/** What a worker does where a key is announced, in all the states in which that is switched on or off. */
export const NEXT_KEY: readonly Scenario[] = [
  {
    name: 'a scheduled rotation that promotes the announced key and announces another',
    next: true,
    prepare: async (h) => h.clock.advance(14 * DAY),
    work,
  },
  {
    name: 'a rotation of the announced key whose worker died after its push',
    next: true,
    async prepare(h) {
      h.clock.advance(14 * DAY)
      await workerThatDied(h, 'after call writeConfig')
    },
    work,
  },
  {
    name: 'a revoke that replaces the announced key too',
    next: true,
    async prepare(h, { id }) {
      await rotated(h)
      await revokeKeys(h.deps, { resourceId: id, actor })
    },
    work,
  },
  {
    name: 'a filler beside an announced key',
    next: true,
    grace: '48h',
    async prepare(h) {
      await rotated(h)
      h.clock.advance(48 * HOUR)
    },
    work,
  },
  {
    name: 'a filler and a next key that are due together',
    grace: '48h',
    async prepare(h, { id }) {
      await rotated(h)
      h.clock.advance(48 * HOUR)
      await switchNext(h, id, true)
    },
    work,
  },
  {
    name: 'a next key that is to be announced, during a pause',
    async prepare(h, { id }) {
      await pauseRotation(h.deps, { resourceId: id, actor, until: null, reason: 'audit' })
      await switchNext(h, id, true)
    },
    work,
  },
  {
    name: 'a next key that is to be announced with a rotation that has no key yet',
    async prepare(h, { id }) {
      await requestRotation(h.deps, { resourceId: id, actor })
      await switchNext(h, id, true)
    },
    work,
  },
  {
    name: 'a next key that is to be announced behind a rotation whose push was made',
    async prepare(h, { id }) {
      h.clock.advance(14 * DAY)
      await workerThatDied(h, 'after call writeConfig')
      await switchNext(h, id, true)
    },
    work,
  },
  {
    name: 'a next key that is to be withdrawn',
    next: true,
    async prepare(h, { id }) {
      await switchNext(h, id, false)
    },
    work,
  },
  {
    name: 'a next key that is switched off after it was pushed by a worker that died',
    async prepare(h, { id }) {
      await switchNext(h, id, true)
      await workerThatDied(h, 'after call writeConfig')
      await switchNext(h, id, false)
    },
    work,
  },
  {
    name: 'a next key that is switched off before it was pushed',
    async prepare(h, { id }) {
      await switchNext(h, id, true)
      await workerThatDied(h, 'before call writeConfig')
      await switchNext(h, id, false)
    },
    work,
  },
  {
    name: 'a next key that is switched on again after it was withdrawn by a worker that died',
    next: true,
    async prepare(h, { id }) {
      await switchNext(h, id, false)
      await workerThatDied(h, 'after call writeConfig')
      await switchNext(h, id, true)
    },
    work,
  },
  {
    name: 'a next key that is switched off while a rotation promotes the one before it',
    next: true,
    async prepare(h, { id }) {
      h.clock.advance(14 * DAY)
      await workerThatDied(h, 'after call writeConfig')
      await switchNext(h, id, false)
    },
    work,
  },
  {
    name: 'a next key that is switched off and is due to sign',
    next: true,
    async prepare(h, { id }) {
      await switchNext(h, id, false)
      h.clock.advance(14 * DAY)
    },
    work,
  },
  {
    name: 'a check that finds a keyring from before the next key',
    async prepare(h, { id, app }) {
      const { version } = h.heroku.view.app(app)
      await switchNext(h, id, true)
      await tickOf(h.deps)
      await h.heroku.customer.rollback(app, version)
      h.clock.advance(HOUR)
    },
    work,
    notCompared: ['config-repaired'],
  },
]
