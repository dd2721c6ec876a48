import { SecurekeyError } from '../domain/errors.ts'
import { comingFreezes } from '../domain/freezes.ts'
import type { Health } from '../domain/health.ts'
import { isScheduleStopped } from '../domain/health-state.ts'
import { FAILURE_KINDS, type FailureKind } from '../domain/heroku-failure.ts'
import { type HistoryRow, ROTATION_ENDS } from '../domain/history.ts'
import { parseResourceId } from '../domain/resource-id.ts'
import type { ResourceState } from '../domain/resource-state.ts'
import { BY_PERSON } from '../domain/schedule.ts'
import { waitsForRestart } from '../domain/turn.ts'
import { heldUntil, nextServedAt } from '../domain/upcoming.ts'
import { formatWindows } from '../domain/windows.ts'
import { requestRotation, resumeRotation } from '../flows/dashboard/request-rotation.ts'
import { replaceKeys } from '../flows/dashboard/revoke-keys.ts'
import type { Deps } from '../flows/deps.ts'
import { KEY_EVENTS, keyLives } from '../flows/key-lives.ts'
import { askToAdopt } from '../flows/operations/foreign.ts'
import { nameAtHeroku } from '../flows/operations/name-at-heroku.ts'
import { readHealth } from '../flows/read-health.ts'
import { verifyKey } from '../flows/verify-key.ts'
import { listHistory } from '../store/history.ts'
import { findState } from '../store/keysets.ts'
import { findResource } from '../store/resources.ts'
import { findKeys } from '../store/sealed-keys.ts'
import { decideForAll, retryEach } from './commands-for-all.ts'
import { freezeOf, listFreezes, unfreezeOf } from './freeze-command.ts'
import { describeOpen, describeTurn, listRotations } from './list-rotations.ts'
import { liveResourceId } from './live-resource-id.ts'
import { runOperatorCommand } from './operator-command.ts'
import { removeOne, showOrphans } from './orphans.ts'
import { revokeOf, revokeOfAll } from './revoke-command.ts'
import { readArguments } from './rotations-arguments.ts'

/** Some forty versions. */
const KEY_EVENTS_READ = 120
const END_WORDS: Readonly<Partial<Record<HistoryRow['kind'], string>>> = {
  rotated: 'done',
  'rotation-superseded': 'superseded',
  'rotation-cancelled': 'cancelled',
}
/** A SHA-256 or a fingerprint, and no key: that is 64 upper-case digits, and `unknown` would mislead. */
const DIGEST = /^[0-9a-f]{8}([0-9a-f]{56})?$/
const OPERATOR = { type: 'operator' } as const

const { values, positionals } = readArguments()
const [command, subject, digest = ''] = positionals
await runOperatorCommand('rotations', run)

async function run(deps: Deps): Promise<string> {
  if (command === 'list') {
    return await listRotations(deps, { stuck: values.stuck ?? false, because: becauseOf(values.because) })
  }
  if (command === 'retry' && values.all) return await retryEach(deps, becauseOf(values.because))
  if (command === 'freeze') return await freezeOf(deps, values)
  if (command === 'freezes') return await listFreezes(deps)
  if (command === 'unfreeze') return await unfreezeOf(deps, subject ?? '')
  if (command === 'orphans') return await showOrphans(deps)
  if (command === 'revoke' && values.all) return await revokeOfAll(deps, values['made-before'])
  if (command === 'adopt' || command === 'replace') return await decideForeign(deps, command)
  const disturbs = command === 'revoke' || command === 'now'
  const resourceId = await (disturbs ? resourceIdNow : liveResourceId)(deps, subject ?? '')
  if (command === 'show') return await show(deps, resourceId)
  if (command === 'remove') {
    const { text, removed } = await removeOne(deps, resourceId, digest)
    if (!removed) process.exitCode = 1
    return text
  }
  if (command === 'verify') {
    if (!DIGEST.test(digest)) {
      throw new SecurekeyError(
        'invalid-option',
        'Give the SHA-256 of the key in lower-case hex, or its fingerprint.',
      )
    }
    const found = await verifyKey(deps, { resourceId, digest })
    return found.outcome === 'unknown' ? 'unknown' : `${found.outcome}, version ${found.version}`
  }
  if (command === 'revoke') return await revokeOf(deps, resourceId)
  if (command === 'retry') {
    const resumed = await resumeRotation(deps, { resourceId, actor: OPERATOR })
    return resumed
      ? 'Resumed: a worker takes it up at its next tick.'
      : 'No rotation of this resource is stuck.'
  }
  const evenIfTooSoon = values['even-if-too-soon'] ?? false
  const result = await requestRotation(deps, { resourceId, actor: OPERATOR, evenIfTooSoon })
  if (result.outcome === 'requested') return 'Requested: a worker rotates at its next tick.'
  if (result.outcome !== 'held-back' && result.outcome !== 'too-soon')
    return 'A rotation is under way already.'
  process.exitCode = 1
  if (result.outcome === 'held-back') {
    return `Held back: these apps still sign with the key that would go: ${result.apps.join(', ')}. It stays until ${result.until.toISOString()} at the latest.`
  }
  return `Too soon: apps may still sign with the key that would go. Possible from ${result.allowedAt.toISOString()}.`
}

/** What a person decides about foreign pairs. It may be stopped and typed again: what was decided stays decided. */
async function decideForeign(deps: Deps, decision: 'adopt' | 'replace'): Promise<string> {
  const decide = async (resourceId: string) => {
    const request = { resourceId, actor: OPERATOR }
    if (decision === 'adopt') return await askToAdopt(deps, request)
    return (await replaceKeys(deps, request)).outcome === 'requested'
  }
  const words = decision === 'adopt' ? 'to be taken over' : 'to be replaced'
  if (!values.all) {
    const done = await decide(await resourceIdNow(deps, subject ?? ''))
    return done ? `The keys are ${words} at the next tick.` : 'There is nothing to decide.'
  }
  return await decideForAll(deps, words, decide)
}

/** Throws `invalid-option` with the kinds that there are. */
function becauseOf(given: string | undefined): FailureKind | undefined {
  const kind = FAILURE_KINDS.find((each) => each === given)
  if (kind || given === undefined) return kind
  throw new SecurekeyError('invalid-option', `KIND is one of ${FAILURE_KINDS.join(', ')}.`)
}

async function show(deps: Deps, resourceId: string): Promise<string> {
  const resource = await findResource(deps.db, resourceId)
  if (!resource) throw new SecurekeyError('unknown-resource', 'There is no resource of that id or name.')
  const [stored, keys, keyEvents, rotations] = await Promise.all([
    findState(deps.db, resourceId),
    findKeys(deps.db, resourceId),
    listHistory(deps.db, resourceId, { limit: KEY_EVENTS_READ, kinds: KEY_EVENTS }),
    listHistory(deps.db, resourceId, { limit: 10, kinds: ROTATION_ENDS }),
  ])
  const state = stored?.state
  const waits = waitsForRestart(state?.turn ?? null, deps.now())
  const health = state && (await readHealth(deps.db, resource, state, deps.now()))
  return [
    `${resourceId}  ${resource.name ?? '(no name)'}${former(resource.formerName)}  plan ${resource.plan}  ${resource.state}`,
    ...(health ? [`health         ${describeHealth(health)}`] : []),
    `next rotation  ${nextRotation(state, health, deps.now())}`,
    ...(waits ? [`turn           ${describeTurn(waits)}`] : []),
    `next look      ${state ? nextLook(state) : 'none'}`,
    ...(state?.claimedUntil ? [`claimed until  ${state.claimedUntil.toISOString()}`] : []),
    ...(state ? [`next key       ${nextKey(state)}`] : []),
    ...(state?.calendar.windows.length ? [`windows        ${formatWindows(state.calendar.windows)}`] : []),
    ...(state ? freezeLines(state, deps.now()) : []),
    ...(state?.pause ? [`paused until   ${state.pause.until?.toISOString() ?? 'resumed'}`] : []),
    'keys',
    ...keyLives(state, keys, keyEvents).map((key) => {
      const grace = key.graceEndsAt ? `  grace ends ${key.graceEndsAt.toISOString()}` : ''
      return `  ${key.version}  ${key.fingerprint}  ${key.filler ? `${key.stage} filler` : key.stage}${grace}`
    }),
    'rotations',
    ...(state?.rotation ? [`  ${describeOpen(state)}`] : []),
    ...rotations.map((row) => `  ${describeEnded(row)}`),
  ].join('\n')
}

/** What is frozen for this add-on: by its customer, and by the partner for all. */
function freezeLines({ calendar }: ResourceState, now: Date): string[] {
  const coming = comingFreezes([...calendar.freezes, ...calendar.freezesForAll], now)
  return coming.map(({ from, until }) => `frozen         ${from.toISOString()} to ${until.toISOString()}`)
}

function describeHealth({ state, since, until, operator }: Health): string {
  const from = since ? ` since ${since.toISOString()}` : ''
  const to = until ? ` until ${until.toISOString()} at the latest` : ''
  return `${state}${from}${to}: ${operator}`
}

function describeEnded({ kind, rotation, attempts = 0 }: HistoryRow): string {
  const due = rotation?.dueAt.toISOString() ?? ''
  return `${END_WORDS[kind] ?? kind}  ${rotation?.reason ?? ''}  due ${due}  attempts ${attempts}`
}

/** A date is no promise where nothing happens on it. */
function nextRotation(state: ResourceState | undefined, health: Health | undefined, now: Date): string {
  if (!state) return 'none'
  const due = state.nextRotationAt.toISOString()
  if (health && isScheduleStopped(health.state)) return `none before that is settled; due ${due}`
  const served = nextServedAt(state, now).toISOString()
  if (served === due) return due
  const held = heldUntil(state, now)
  const isPast = (at: Date | null) => at !== null && at > now && at > state.nextRotationAt
  const why = waitsForRestart(state.turn, now)
    ? 'when it is its turn'
    : isPast(held)
      ? 'when a pause is over or an old key is needed no longer'
      : 'when a window opens or a freeze is over'
  return `${served}, ${why}; due ${due}`
}

/**
 * The same for what restarts apps: a name that has moved to another add-on must not hit the one that had it. Throws
 * `unknown-resource` and names the add-on that was found, by its id.
 */
async function resourceIdNow(deps: Deps, idOrName: string): Promise<string> {
  const id = await liveResourceId(deps, idOrName)
  if (parseResourceId(idOrName)) return id
  const name = await nameAtHeroku(deps, id)
  if (name === idOrName) return id
  throw new SecurekeyError(
    'unknown-resource',
    `"${idOrName}" was the name of ${id}, which is called "${name}" now. Nothing was done: if you mean that one, type its id.`,
  )
}

/** Whether the next key is announced, and which it is. */
function nextKey({ announcesNext, keyset: { next } }: ResourceState): string {
  const version = next && `version ${next.version}`
  if (!announcesNext) return version ? `off, ${version} is being withdrawn` : 'off'
  return version
    ? `on, ${version} is ${next?.announced ? 'announced' : 'being announced'}`
    : 'on, not made yet'
}

/** What somebody waits for stands before all that is due, at a moment that is no date. */
function nextLook({ wakeAt }: ResourceState): string {
  if (!wakeAt) return 'when somebody acts'
  return wakeAt <= BY_PERSON ? 'at the next tick, before what is merely due' : wakeAt.toISOString()
}

function former(name: string | null): string {
  return name === null ? '' : ` (formerly ${name})`
}
