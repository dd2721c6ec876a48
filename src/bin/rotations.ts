import { parseArgs } from 'node:util'
import { SecurekeyError } from '../domain/errors.ts'
import { parseResourceId } from '../domain/resource-id.ts'
import type { Deps } from '../flows/deps.ts'
import { requestRotation, resumeRotation } from '../flows/request-rotation.ts'
import { createLogger } from '../logger.ts'
import { allKeysOf } from '../store/key-versions.ts'
import { findResource, findResourceIdByName } from '../store/resources.ts'
import { listRotations, listUnfinishedRotations, type RotationRecord } from '../store/rotations.ts'
import { findSchedule } from '../store/schedule.ts'
import { compose } from './compose.ts'
import { configOrExit } from './run.ts'

const USAGE = `Usage: npm run rotations -- <command>

  list [--stuck]                 unfinished rotations, the oldest due date first
  show <id or name>              a resource's dates, keys by fingerprint, and last rotations
  retry <id or name>             resume a stuck rotation
  now <id or name> [--even-if-too-soon]
                                 rotate now; refused while apps may still sign with the key
                                 that would be displaced, unless told otherwise
`
const ROWS = 100
const OPERATOR = { type: 'operator' } as const

const { values, positionals } = readArguments()
const [command, subject] = positionals
const config = configOrExit()
const logger = createLogger({ level: 'warn', process: 'rotations' })
const { deps, close } = await compose(config, logger, { poolSize: 1, connections: 1 })
try {
  process.stdout.write(`${await run(deps)}\n`)
} catch (error) {
  if (!(error instanceof SecurekeyError)) throw error
  process.stderr.write(`${error.message}\n`)
  process.exitCode = 1
} finally {
  await close()
}

function readArguments() {
  try {
    const parsed = parseArgs({
      allowPositionals: true,
      options: { stuck: { type: 'boolean' }, 'even-if-too-soon': { type: 'boolean' } },
    })
    const [name] = parsed.positionals
    if (name && ['list', 'show', 'retry', 'now'].includes(name)) return parsed
  } catch {
    // An unknown flag; the usage says which there are.
  }
  process.stderr.write(USAGE)
  process.exit(1)
}

async function run(deps: Deps): Promise<string> {
  if (command === 'list') return await list(deps)
  const resourceId = await resourceIdOf(deps, subject ?? '')
  if (command === 'show') return await show(deps, resourceId)
  if (command === 'retry') {
    const resumed = await resumeRotation(deps, { resourceId, actor: OPERATOR })
    return resumed
      ? 'Resumed: a worker takes it up at its next tick.'
      : 'No rotation of this resource is stuck.'
  }
  const evenIfTooSoon = values['even-if-too-soon'] ?? false
  const result = await requestRotation(deps, { resourceId, actor: OPERATOR, evenIfTooSoon })
  if (result.outcome === 'requested') return 'Requested: a worker rotates at its next tick.'
  if (result.outcome === 'joined') return 'A rotation is under way already.'
  process.exitCode = 1
  return `Too soon: apps may still sign with the key that would go. Possible from ${result.allowedAt.toISOString()}.`
}

async function list(deps: Deps): Promise<string> {
  const rotations = await listUnfinishedRotations(deps.db, {
    limit: ROWS,
    ...(values.stuck ? { state: 'stuck' as const } : {}),
  })
  if (rotations.length === 0) return 'Nothing is unfinished.'
  return rotations.map((rotation) => `${rotation.resourceId}  ${describe(rotation)}`).join('\n')
}

async function show(deps: Deps, resourceId: string): Promise<string> {
  const resource = await findResource(deps.db, resourceId)
  if (!resource) throw new SecurekeyError('unknown-resource', 'There is no resource of that id or name.')
  const [schedule, keys, rotations] = await Promise.all([
    findSchedule(deps.db, resourceId),
    allKeysOf(deps.db, resourceId),
    listRotations(deps.db, resourceId, { limit: 10 }),
  ])
  return [
    `${resourceId}  ${resource.name ?? '(no name)'}  plan ${resource.plan}  ${resource.state}`,
    ...(resource.missingSince
      ? [`Heroku has not known it since ${resource.missingSince.toISOString()}`]
      : []),
    `next rotation  ${schedule?.nextRotationAt.toISOString() ?? 'none'}`,
    `next look      ${schedule?.wakeAt?.toISOString() ?? 'when somebody acts'}`,
    ...(schedule?.claimedUntil ? [`claimed until  ${schedule.claimedUntil.toISOString()}`] : []),
    ...(schedule?.pause ? [`paused until   ${schedule.pause.until?.toISOString() ?? 'resumed'}`] : []),
    'keys',
    ...keys.map((key) => {
      const grace = key.graceEndsAt ? `  grace ends ${key.graceEndsAt.toISOString()}` : ''
      return `  ${key.version}  ${key.fingerprint}  ${key.filler ? `${key.stage} filler` : key.stage}${grace}`
    }),
    'rotations',
    ...rotations.map((rotation) => `  ${describe(rotation)}`),
  ].join('\n')
}

function describe(rotation: RotationRecord): string {
  const { state, reason, dueAt, attempts, lastFailure } = rotation
  const failure = lastFailure && state !== 'done' ? `  last failure: ${lastFailure}` : ''
  return `${state}  ${reason}  due ${dueAt.toISOString()}  attempts ${attempts}${failure}`
}

async function resourceIdOf(deps: Deps, idOrName: string): Promise<string> {
  const id = parseResourceId(idOrName) ?? (await findResourceIdByName(deps.db, idOrName))
  if (id) return id
  throw new SecurekeyError('unknown-resource', `There is no live resource called "${idOrName}".`)
}
