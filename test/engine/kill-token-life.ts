import { announceNext } from '../../src/flows/dashboard/announce-next.ts'
import { requestRotation } from '../../src/flows/dashboard/request-rotation.ts'
import { revokeKeys } from '../../src/flows/dashboard/revoke-keys.ts'
import { setTokenLife } from '../../src/flows/dashboard/set-token-life.ts'
import type { Deps } from '../../src/flows/deps.ts'
import { DAY, type Harness, HOUR } from '../support/harness.ts'
import { actor, rotated, type Scenario, type Subject } from './kill-scenario.ts'
import { tickOf } from './support/ticks.ts'

/** Seven rotations of plan `daily`: with a life of seven days the keyring is full. */
async function filled(h: Harness): Promise<void> {
  for (let served = 0; served < 7; served += 1) {
    h.clock.advance(DAY)
    await tickOf(h.deps)
  }
}

/** Goes on with whatever it ends. */
async function confirmed(ask: (confirm?: string) => Promise<unknown>): Promise<unknown> {
  const asked = await ask()
  const confirm =
    typeof asked === 'object' && asked !== null && 'confirm' in asked ? asked.confirm : undefined
  return typeof confirm === 'string' ? await ask(confirm) : asked
}

const shorter = (deps: Deps, { id }: Subject) =>
  confirmed((confirm) => setTokenLife(deps, { resourceId: id, actor, tokenLifeMs: 2 * DAY, confirm }))

/** What is done to an add-on whose keys are kept for a stated life. */
export const TOKEN_LIFE: readonly Scenario[] = [
  {
    name: 'a rotation that moves an old key to the keyring',
    tokenLife: '30d',
    async prepare(h) {
      await rotated(h)
      h.clock.advance(14 * DAY)
    },
    work: tickOf,
  },
  {
    name: 'a rotation by hand that ends the oldest key of a full keyring',
    tokenLife: '7d',
    plan: 'daily',
    async prepare(h, { id }) {
      await filled(h)
      h.clock.advance(3 * HOUR)
      await confirmed((confirm) => requestRotation(h.deps, { resourceId: id, actor, confirm }))
    },
    work: tickOf,
  },
  {
    name: 'the end of an old key in the keyring',
    tokenLife: '20d',
    async prepare(h) {
      await rotated(h)
      await rotated(h)
      h.clock.advance(7 * DAY)
    },
    work: tickOf,
  },
  {
    name: 'a revoke that ends all keys of a keyring',
    tokenLife: '30d',
    async prepare(h, { id }) {
      await rotated(h)
      await rotated(h)
      await revokeKeys(h.deps, { resourceId: id, actor })
    },
    work: tickOf,
  },
  {
    name: 'a next key that is announced beside old keys',
    tokenLife: '30d',
    async prepare(h, { id }) {
      await rotated(h)
      await rotated(h)
      await announceNext(h.deps, { resourceId: id, actor, on: true })
    },
    work: tickOf,
  },
  {
    name: 'the request for a shorter life',
    tokenLife: '30d',
    async prepare(h) {
      await rotated(h)
      await rotated(h)
    },
    work: shorter,
    again: shorter,
  },
]
