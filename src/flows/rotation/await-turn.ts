import { afterWaitingForTurn } from '../../domain/resource-state.ts'
import { isKeptToCalendar } from '../../domain/rotation.ts'
import { isTurnAwaited, nextTurn, type Subject, type Turn } from '../../domain/turn.ts'
import { type Change, writeChanges } from '../../store/changes.ts'
import { listAppsInUse, lockAppsOf } from '../../store/resource-apps.ts'
import type { Deps } from '../deps.ts'
import { randomFraction } from '../random-fraction.ts'
import { giveBack } from './end-failed.ts'
import type { Group, Outcome } from './group.ts'
import { inFlight } from './in-flight.ts'
import type { OpenResource } from './open-resource.ts'

/** It is its turn, and the resource knows so; or its claim has ended. */
export type Turned = { resource: OpenResource } | { outcome: Outcome }

/**
 * Asks whether it is the add-on's turn to restart its apps: what the schedule restarts keeps a distance to all other restarts
 * that this service has caused. Where it is not, the claim ends until it is; that is no failure. Whatever a person asks for
 * goes at once. Of two add-ons on one app that ask in the same moment one goes. Where its apps are not known Heroku is
 * asked for them, once; if it does not tell, nobody is waited for.
 */
export async function awaitTurn(deps: Deps, group: Group, resource: OpenResource): Promise<Turned> {
  if (deps.settings.spreadMs === 0 || !isSpread(resource)) return { resource }
  if (resource.appsKnown || resource.session.apps().changed) return await takeTurn(deps, group, resource)
  const asked = await inFlight(deps, group, resource, async () => {
    const listed = await resource.session.listAttachments()
    return { ok: true, value: listed.ok }
  })
  if ('outcome' in asked) return asked
  return asked.value ? await takeTurn(deps, group, resource) : { resource }
}

/**
 * Asks Heroku, once, for the apps of an add-on that has restarted them and waited for nobody: others are to wait for that
 * restart. Its claim has ended, and nothing depends on the answer.
 */
export async function learnApps(
  { settings, log }: Pick<Deps, 'settings' | 'log'>,
  group: Group,
  { resourceId, session, appsKnown }: OpenResource,
): Promise<void> {
  if (settings.spreadMs === 0 || appsKnown || session.apps().asked) return
  try {
    await group.run(async () => {
      if (!group.closing.aborted) await session.listAttachments()
    })
  } catch (error) {
    log.warn({ err: error, resourceId }, 'apps were not asked for')
  }
}

/** Whether the schedule alone wants the restart: a rotation that nobody has pressed for, or a filler. */
function isSpread({ step, state: { rotation } }: OpenResource): boolean {
  switch (step.step) {
    case 'create':
      return rotation ? isKeptToCalendar(rotation) : true
    case 'publish':
      return rotation !== null && isKeptToCalendar(rotation)
    case 'create-filler':
    case 'publish-filler':
      return true
    default:
      return false
  }
}

async function takeTurn(deps: Deps, group: Group, resource: OpenResource): Promise<Turned> {
  const shares = resource.sharesApps || resource.session.apps().changed
  return shares ? await takeSharedTurn(deps, resource) : await waitForOwn(deps, group, resource)
}

/** Nobody else is on its apps: only a restart of its own may lie too near, and there is nothing to be written down. */
async function waitForOwn(deps: Deps, group: Group, resource: OpenResource): Promise<Turned> {
  const now = deps.now()
  const turn = nextTurn(subjectOf(resource), [], chance(deps), now)
  if (!isTurnAwaited(turn, now)) return { resource }
  const written = await group.write(changeTo(resource, waiting(deps, resource, turn, now)))
  return { outcome: written ? told(deps, resource, turn) : await giveBack(deps, resource) }
}

/** Under the locks of its apps, so that whoever asks next finds this turn. */
async function takeSharedTurn(deps: Deps, resource: OpenResource): Promise<Turned> {
  const taken = await deps.db.transaction().execute(async (trx) => {
    await lockAppsOf(trx, resource.resourceId)
    const now = deps.now()
    const apps = await listAppsInUse(trx, resource.resourceId, now)
    const turn = nextTurn(subjectOf(resource), apps, chance(deps), now)
    const isAwaited = isTurnAwaited(turn, now)
    const to = isAwaited ? waiting(deps, resource, turn, now) : { ...resource.state, turn }
    const change = changeTo(resource, to)
    return (await writeChanges(trx, [change], now)).has(change) ? { turn, to, isAwaited } : undefined
  })
  if (!taken) return { outcome: await giveBack(deps, resource) }
  if (taken.isAwaited) return { outcome: told(deps, resource, taken.turn) }
  return { resource: { ...resource, state: taken.to } }
}

function subjectOf({ step, state, periodMs }: OpenResource): Subject {
  const { turn, pushedAt, calendar } = state
  const retries = step.step === 'publish' || step.step === 'publish-filler'
  const filler = step.step === 'create-filler' || step.step === 'publish-filler'
  return { turn, pushedAt, retries, filler, calendar, periodMs }
}

function chance(deps: Pick<Deps, 'settings' | 'random'>) {
  return { spreadMs: deps.settings.spreadMs, random: randomFraction(deps) }
}

function waiting(
  { settings }: Pick<Deps, 'settings'>,
  { state, grace }: OpenResource,
  turn: Turn,
  now: Date,
) {
  return afterWaitingForTurn(state, { turn, lookAgainMs: settings.checkEveryMs, grace }, now)
}

function changeTo({ resourceId, fence, revision, state }: OpenResource, to: Change['to']): Change {
  return { resourceId, fence, revision, state, to, by: 'claim', events: [] }
}

function told({ log }: Pick<Deps, 'log'>, { resourceId }: OpenResource, { app, at }: Turn): Outcome {
  log.event({ resourceId, app, until: at }, 'restart waits for another one of its app')
  return 'waited'
}
