import fc from 'fast-check'
import type { FaultKind } from '../../../simulator/src/faults.ts'
import { announceNext } from '../../../src/flows/dashboard/announce-next.ts'
import { pauseRotation, resumeSchedule } from '../../../src/flows/dashboard/pause-rotation.ts'
import { requestRotation, resumeRotation } from '../../../src/flows/dashboard/request-rotation.ts'
import { changePlan } from '../../../src/flows/provisioning/change-plan.ts'
import { DAY, HOUR, MINUTE, SECOND } from '../../support/harness.ts'
import { freeze, thaw, WINDOW_TEXTS, window } from './calendars.ts'
import { destroy, revoke, rollBack, setGrace, stateLife, unlessRefused } from './model-changes.ts'
import { ACTOR, always, type Command, command, type Model } from './model-command.ts'
import { momentCommands } from './model-moments.ts'
import { type ModelWorld, OTHER } from './model-world.ts'

const FAULTS: readonly FaultKind[] = [
  { kind: 'status', status: 500 },
  { kind: 'status', status: 503 },
  { kind: 'status', status: 404 },
  { kind: 'status', status: 422 },
  { kind: 'status', status: 403 },
  { kind: 'status', status: 401 },
  { kind: 'status', status: 429, retryAfter: 60 },
  { kind: 'status-after-write' },
  { kind: 'lost-answer' },
  { kind: 'cut' },
  { kind: 'hang' },
  { kind: 'hang', apply: true },
  { kind: 'garbage-body' },
  { kind: 'garbage-body', apply: false },
  { kind: 'truncated-body' },
  { kind: 'delayed-apply' },
  { kind: 'delayed-apply', answer: 'hang' },
]

function customerCommands(): fc.Arbitrary<Command>[] {
  return [
    fc
      .boolean()
      .map((evenIfTooSoon) =>
        command(`rotate now${evenIfTooSoon ? ', too soon or not' : ''}`, ({ h }, resourceId) =>
          requestRotation(h.deps, { resourceId, actor: ACTOR, evenIfTooSoon }),
        ),
      ),
    fc.constant(command('revoke', revoke)),
    fc.option(fc.integer({ min: 1, max: 30 }), { nil: null }).map((days) =>
      command(`pause ${days ?? 'without end'}`, ({ h }, resourceId) => {
        const until = days === null ? null : new Date(h.clock.now().getTime() + days * DAY)
        return pauseRotation(h.deps, { resourceId, actor: ACTOR, until, reason: 'model' })
      }),
    ),
    fc.constant(
      command('resume the schedule', ({ h }, resourceId) =>
        resumeSchedule(h.deps, { resourceId, actor: ACTOR }),
      ),
    ),
    fc.constant(
      command('resume a stuck rotation', ({ h }, resourceId) =>
        resumeRotation(h.deps, { resourceId, actor: ACTOR }),
      ),
    ),
    fc
      .boolean()
      .map((on) =>
        command(`the next key ${on ? 'on' : 'off'}`, ({ h }, resourceId) =>
          unlessRefused(announceNext(h.deps, { resourceId, actor: ACTOR, on })),
        ),
      ),
    fc
      .constantFrom<number | null>(2, 48, 20 * 24, null)
      .map((hours) =>
        command(`grace period ${hours ?? 'until the next rotation'}`, (world, resourceId) =>
          setGrace(world, resourceId, hours),
        ),
      ),
    fc
      .constantFrom(2, 6)
      .map((days) =>
        command(`a token life of ${days} days`, (world, resourceId) => stateLife(world, resourceId, days)),
      ),
    fc
      .constantFrom('daily', 'weekly', 'fortnightly', 'monthly')
      .map((plan) =>
        command(`plan ${plan}`, ({ h }, resourceId) =>
          unlessRefused(changePlan(h.deps, { resourceId, plan })),
        ),
      ),
    fc
      .constantFrom(...WINDOW_TEXTS)
      .map((text) => command(`windows ${text}`, ({ h }, resourceId) => window(h.deps, resourceId, text))),
    fc
      .constantFrom(HOUR, DAY, 20 * DAY)
      .map((ms) =>
        command(`a freeze of ${ms / HOUR} hours`, ({ h }, resourceId) => freeze(h.deps, resourceId, ms)),
      ),
    fc.constant(command('the freezes end', ({ h }, resourceId) => thaw(h.deps, resourceId))),
    fc.constant(
      command(
        'attach',
        ({ h }, addon) => h.heroku.customer.attach({ addon, app: OTHER, as: 'SHARED' }),
        ({ alive, attached }) => alive && !attached,
        { attached: true },
      ),
    ),
    fc.constant(
      command(
        'detach',
        ({ h }) => h.heroku.customer.detach('SHARED', OTHER),
        ({ alive, attached }) => alive && attached,
        { attached: false },
      ),
    ),
    fc.constant(command('deprovision', destroy, ({ alive }) => alive, { alive: false, attached: false })),
    fc.boolean().map((next) =>
      command(
        `provision${next ? ' with the next key' : ''}`,
        (world) => world.provision({ next }),
        ({ alive }) => !alive,
        { alive: true },
      ),
    ),
  ]
}

function worldCommands(): fc.Arbitrary<Command>[] {
  const worker = fc.constantFrom(0, 1)
  const tick = worker.map((index) =>
    command(`tick of worker ${'AB'[index]}`, (world) => world.tick(index), always),
  )
  const time = fc
    .constantFrom(SECOND, 20 * SECOND, 2 * MINUTE, HOUR, 6 * HOUR, DAY, 3 * DAY, 7 * DAY, 14 * DAY, 28 * DAY)
    .map((ms) => command(`${ms / 1000} s pass`, async ({ h }) => h.clock.advance(ms), always))
  const fault = fc.record({
    fault: fc.constantFrom(...FAULTS),
    method: fc.constantFrom('PATCH', 'PATCH', 'GET', 'POST'),
    times: fc.constantFrom(1, 1, 3),
  })
  return [
    tick,
    tick,
    tick,
    time,
    time,
    time,
    fault.map(({ fault, method, times }) =>
      command(
        `fault ${method} ${JSON.stringify(fault)} x ${times}`,
        async ({ h }) => h.heroku.faults.add({ match: { method }, times, ...fault }),
        always,
      ),
    ),
    fc.constant(command('the faults end', async ({ h }) => h.heroku.faults.clear(), always)),
    fc.constant(
      command(
        'late writes arrive',
        async ({ h }) => {
          for (const { id } of h.heroku.faults.list()) h.heroku.faults.release(id)
        },
        always,
      ),
    ),
    fc.constant(command('both workers tick', (world) => Promise.all([world.tick(0), world.tick(1)]), always)),
    worker.map((index) =>
      command(`restart of worker ${'AB'[index]}`, (world) => world.restart(index), always),
    ),
    fc.constant(command('the database cuts everybody off', (world) => world.cutConnections(), always)),
    fc.constant(
      command(
        'the database cuts everybody off during a tick',
        (world) => Promise.all([world.tick(0), world.cutConnections()]),
        always,
      ),
    ),
    fc.constant(
      command('a revoke during a tick', (world, addon) => Promise.all([world.tick(0), revoke(world, addon)])),
    ),
    fc.constant(
      command('rotate now during a tick', (world, resourceId) =>
        Promise.all([
          world.tick(1),
          requestRotation(world.h.deps, { resourceId, actor: ACTOR, evenIfTooSoon: true }),
        ]),
      ),
    ),
    fc.constant(command('the owner rolls back', rollBack)),
  ]
}

/** Random sequences of everything that can happen to one add-on. */
export function lifeCommands(longest: number) {
  return fc.commands<Model, ModelWorld, false>(
    [...worldCommands(), ...customerCommands(), ...momentCommands()],
    {
      maxCommands: longest,
      size: 'max',
    },
  )
}
