import fc from 'fast-check'
import { announceNext } from '../../../src/flows/dashboard/announce-next.ts'
import { pauseRotation, resumeSchedule } from '../../../src/flows/dashboard/pause-rotation.ts'
import { requestRotation } from '../../../src/flows/dashboard/request-rotation.ts'
import { changePlan } from '../../../src/flows/provisioning/change-plan.ts'
import { DAY, MINUTE } from '../../support/harness.ts'
import { freeze, thaw, window } from './calendars.ts'
import { cutConnection } from './locks.ts'
import { destroy, revoke, rollBack, setGrace } from './model-changes.ts'
import { ACTOR, always, type Command, command } from './model-command.ts'
import type { ModelWorld } from './model-world.ts'
import { signOnBy } from './person.ts'

/** What comes in between two statements of a worker. */
const IN_BETWEEN: Readonly<Record<string, (world: ModelWorld, addonId: string) => Promise<unknown>>> = {
  revoke,
  'rotate now': ({ h }, resourceId) =>
    requestRotation(h.deps, { resourceId, actor: ACTOR, evenIfTooSoon: true }),
  'plan daily': ({ h }, resourceId) => changePlan(h.deps, { resourceId, plan: 'daily' }),
  'plan monthly': ({ h }, resourceId) => changePlan(h.deps, { resourceId, plan: 'monthly' }),
  'a pause': ({ h }, resourceId) =>
    pauseRotation(h.deps, { resourceId, actor: ACTOR, until: null, reason: 'model' }),
  'the end of a pause': ({ h }, resourceId) => resumeSchedule(h.deps, { resourceId, actor: ACTOR }),
  'a short grace period': (world, resourceId) => setGrace(world, resourceId, 2),
  'a long grace period': (world, resourceId) => setGrace(world, resourceId, 20 * 24),
  'the next key on': ({ h }, resourceId) => announceNext(h.deps, { resourceId, actor: ACTOR, on: true }),
  'the next key off': ({ h }, resourceId) => announceNext(h.deps, { resourceId, actor: ACTOR, on: false }),
  'a window': ({ h }, resourceId) => window(h.deps, resourceId, 'daily 09:00-11:00 Europe/Berlin'),
  'the end of all windows': ({ h }, resourceId) => window(h.deps, resourceId, 'any'),
  'a freeze': ({ h }, resourceId) => freeze(h.deps, resourceId, DAY),
  'the end of all freezes': ({ h }, resourceId) => thaw(h.deps, resourceId),
  'a sign-on': ({ h }, addonId) => signOnBy(h.deps, addonId, h.clock.now()),
  'another worker': (world) => world.tick(1),
  async 'another worker, after the lease'(world) {
    world.h.clock.advance(2 * MINUTE)
    await world.tick(1)
  },
  'the owner rolls back': (world) => rollBack(world),
}

/** More points than these no tick of one add-on has. */
const MOMENTS = fc.integer({ min: 1, max: 45 })

/** Everything that can come in between two statements of a worker. */
export function momentCommands(): fc.Arbitrary<Command>[] {
  const between = fc
    .tuple(fc.constantFrom(...Object.keys(IN_BETWEEN)), MOMENTS)
    .map(([name, moment]) =>
      command(`${name} at moment ${moment} of a tick`, (world, addonId) =>
        world.tickWith(0, moment, async () => await IN_BETWEEN[name]?.(world, addonId)),
      ),
    )
  return [
    between,
    between,
    between,
    MOMENTS.map((moment) =>
      command(`a worker is killed at moment ${moment}`, (world) => world.tickAndDie(0, moment), always),
    ),
    MOMENTS.map((moment) =>
      command(
        `a connection dies at moment ${moment} of a tick`,
        (world) =>
          world.tickWith(1, moment, async (at) => {
            if (at.backend !== undefined) await cutConnection(world.h)(at)
          }),
        always,
      ),
    ),
    MOMENTS.map((moment) =>
      command(
        `deprovision at moment ${moment} of a tick`,
        (world, addon) => world.tickWith(0, moment, () => destroy(world, addon)),
        ({ alive }) => alive,
        { alive: false, attached: false },
      ),
    ),
  ]
}
