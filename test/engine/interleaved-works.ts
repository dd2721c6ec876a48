import { expect } from 'vitest'
import { announceNext } from '../../src/flows/dashboard/announce-next.ts'
import { requestRotation } from '../../src/flows/dashboard/request-rotation.ts'
import { revokeKeys } from '../../src/flows/dashboard/revoke-keys.ts'
import { DAY, type Harness, HOUR, MINUTE } from '../support/harness.ts'
import type { Life } from './support/customer-app.ts'
import { PATIENCE } from './support/patience.ts'
import { rotateClaims } from './support/rotate-claims.ts'
import { tickOf } from './support/ticks.ts'

/** What a worker has to do for each add-on of a group, and what is there before it. */
export type Work = {
  name: string
  grace?: string
  next?: true
  tokenLife?: string
  prepare: (h: Harness, lives: readonly Life[]) => Promise<unknown>
  /** No key of before is accepted in the end, whatever comes in between. */
  revokes?: true
  /** How often Heroku is sent something when nothing comes in between. */
  pushes: number
  /** The moments of the refresh of an access token are tried too, which is the same with all work. */
  refreshToo?: boolean
}

const actor = { type: 'operator' } as const

async function rotated(h: Harness): Promise<void> {
  h.clock.advance(14 * DAY)
  await tickOf(h.deps)
}

export const WORKS: readonly Work[] = [
  {
    name: 'a rotation by hand that moves an old key to the keyring, where a life is stated',
    tokenLife: '5d',
    async prepare(h, lives) {
      await rotated(h)
      h.clock.advance(3 * HOUR)
      for (const { id } of lives) await requestRotation(h.deps, { resourceId: id, actor })
    },
    pushes: 1,
  },
  {
    name: 'a scheduled rotation',
    prepare: async (h) => h.clock.advance(14 * DAY),
    pushes: 1,
    refreshToo: true,
  },
  {
    name: 'a rotation whose worker died between its push and its promotion',
    async prepare(h, lives) {
      h.clock.advance(14 * DAY)
      const forever = () => new Promise<boolean>(() => {})
      void rotateClaims(h.deps, { write: forever })
      const pushed = () => lives.filter((life) => life.pushed().length > 0).length
      await expect.poll(pushed, PATIENCE).toBe(lives.length)
      h.clock.advance(2 * MINUTE)
    },
    pushes: 0,
  },
  {
    name: 'a rotation whose push Heroku refuses at first',
    async prepare(h, lives) {
      h.clock.advance(14 * DAY)
      for (const { id } of lives) {
        h.heroku.faults.add({ match: { method: 'PATCH', addon: id }, kind: 'status', status: 422 })
      }
    },
    pushes: 2,
  },
  {
    name: 'a filler after the end of a grace period',
    grace: '48h',
    async prepare(h) {
      await rotated(h)
      h.clock.advance(48 * HOUR)
    },
    pushes: 1,
  },
  {
    name: 'a check that finds the apps rolled back',
    async prepare(h, lives) {
      const releases = lives.map(({ appName }) => h.heroku.view.app(appName).version)
      await rotated(h)
      for (const [index, { appName }] of lives.entries()) {
        await h.heroku.customer.rollback(appName, releases[index] ?? 0)
      }
      h.clock.advance(HOUR)
    },
    pushes: 1,
  },
  {
    name: 'a revoke',
    async prepare(h, lives) {
      for (const { id } of lives) await revokeKeys(h.deps, { resourceId: id, actor })
    },
    revokes: true,
    pushes: 1,
  },
  {
    name: 'a scheduled rotation that promotes the announced key',
    next: true,
    prepare: async (h) => h.clock.advance(14 * DAY),
    pushes: 1,
  },
  {
    name: 'a next key that is to be announced',
    async prepare(h, lives) {
      for (const { id } of lives) await announceNext(h.deps, { resourceId: id, actor, on: true })
    },
    pushes: 1,
  },
  {
    name: 'a next key that is to be withdrawn',
    next: true,
    async prepare(h, lives) {
      for (const { id } of lives) await announceNext(h.deps, { resourceId: id, actor, on: false })
    },
    pushes: 1,
  },
]
