import fc from 'fast-check'
import type { FaultKind } from '../../../simulator/src/faults.ts'
import { changePlan } from '../../../src/flows/change-plan.ts'
import { pauseRotation, resumeSchedule } from '../../../src/flows/pause-rotation.ts'
import { requestRotation, resumeRotation } from '../../../src/flows/request-rotation.ts'
import { revokeKeys } from '../../../src/flows/revoke-keys.ts'
import { setGracePeriod } from '../../../src/flows/set-grace-period.ts'
import { DAY, HOUR, MINUTE, SECOND } from '../../support/harness.ts'
import { pushCalls } from './aftermath.ts'
import { type ModelWorld, OTHER, OWNER } from './model-world.ts'

/** All that the model itself knows: which commands make sense at the moment. */
export type Model = { alive: boolean; attached: boolean }

type Command = fc.AsyncCommand<Model, ModelWorld>

const ACTOR = { type: 'operator' } as const

/** A command that is followed by the check of everything that must hold. */
function command(
  name: string,
  run: (world: ModelWorld, addonId: string) => Promise<unknown>,
  when: (model: Readonly<Model>) => boolean = ({ alive }) => alive,
  change: Partial<Model> = {},
): Command {
  return {
    check: when,
    async run(model, world) {
      Object.assign(model, change)
      await run(world, world.addonId ?? '')
      await world.check()
    },
    toString: () => name,
  }
}

const always = () => true

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

async function revoke(world: ModelWorld, addonId: string): Promise<void> {
  const sent = pushCalls(world.h, addonId).flatMap(({ config }) => config?.SECURE_KEY?.split(',') ?? [])
  const { outcome } = await revokeKeys(world.h.deps, { resourceId: addonId, actor: ACTOR })
  // One that joins a revoke under way leaves the keys alone that this one has just made.
  if (outcome === 'requested') world.promises.revoked(sent)
}

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
    fc.constantFrom<number | null>(2, 48, 20 * 24, null).map((hours) =>
      command(`grace period ${hours ?? 'until the next rotation'}`, async (world, resourceId) => {
        const { h } = world
        world.grace = hours === null ? { until: 'next-rotation' } : { until: 'elapsed', ms: hours * HOUR }
        await setGracePeriod(h.deps, { resourceId, actor: ACTOR, grace: world.grace })
        world.promises.graceChanged(h.clock.now(), world.grace, h.deps.settings.graceFloorMs)
      }),
    ),
    fc
      .constantFrom('daily', 'weekly', 'fortnightly', 'monthly')
      .map((plan) =>
        command(`plan ${plan}`, ({ h }, resourceId) => changePlan(h.deps, { resourceId, plan })),
      ),
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
    fc.constant(
      command(
        'deprovision',
        async (world, addon) => {
          await world.h.heroku.customer.destroy({ addon })
          world.addonId = undefined
        },
        ({ alive }) => alive,
        { alive: false, attached: false },
      ),
    ),
    fc.constant(
      command(
        'provision',
        (world) => world.provision(),
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
    fc.constant(
      command('the owner rolls back', async ({ h }) => {
        const releases = h.heroku.view.releases(OWNER).filter(({ config }) => 'SECURE_KEY' in config)
        const version = releases.at(-2)?.version
        if (version !== undefined) await h.heroku.customer.rollback(OWNER, version)
      }),
    ),
  ]
}

/** Random sequences of everything that can happen to one add-on. */
export function lifeCommands(longest: number) {
  return fc.commands<Model, ModelWorld, false>([...worldCommands(), ...customerCommands()], {
    maxCommands: longest,
    size: 'max',
  })
}
