import type { Heroku } from './heroku.ts'
import { timestamp } from './heroku.ts'
import { invalidParams, notFound } from './heroku-error.ts'
import {
  type App,
  currentRelease,
  type Dyno,
  type Release,
  type ReleaseCommand,
  type ReleaseStatus,
  type User,
} from './world.ts'

/** All keys plus all values of an app's config, in bytes (Configuration and Config Vars). */
const MAX_CONFIG_BYTES = 32 * 1024
/** Each release holds a copy of the config, and the state file holds them all. */
const KEPT_RELEASES = 1000

/** Refuses a config that is larger than an app may have. */
export function checkConfigSize(app: App, config: Record<string, string>): void {
  let bytes = 0
  for (const [name, value] of Object.entries(config))
    bytes += Buffer.byteLength(name) + Buffer.byteLength(value)
  if (bytes > MAX_CONFIG_BYTES) {
    throw invalidParams(
      `Config vars of ${app.name} would be ${bytes} bytes; at most ${MAX_CONFIG_BYTES} are allowed.`,
    )
  }
}

const STATUS_AFTER: Readonly<Record<ReleaseCommand, ReleaseStatus>> = {
  succeeds: 'succeeded',
  fails: 'failed',
  runs: 'pending',
}

/**
 * Gives the app this config by a new release and restarts its dynos, as any change of config does. A release whose
 * command fails (Release Phase) changes the config for later releases, and the dynos go on with the one before.
 */
export function cutRelease(
  heroku: Heroku,
  app: App,
  change: { config: Record<string, string>; description: string; user: User },
): Release {
  const changes = difference(app.config, change.config)
  const release: Release = {
    id: heroku.random.uuid(),
    version: (app.releases.at(-1)?.version ?? 0) + 1,
    status: STATUS_AFTER[app.releaseCommand],
    description: change.description,
    user: change.user,
    createdAt: timestamp(heroku),
    config: { ...change.config },
  }
  app.config = { ...change.config }
  app.releases.push(release)
  if (app.releases.length > KEPT_RELEASES) app.releases.shift()
  app.updatedAt = release.createdAt
  const { name, id: appId } = app
  if (Object.keys(changes).length > 0) heroku.events.emit({ type: 'config', app: name, appId, changes })
  const { version, description, user } = release
  heroku.events.emit({ type: 'release', app: name, appId, version, description, user: user.email })
  if (release.status === 'succeeded') restartDynos(heroku, app)
  return release
}

/** Says what the app's release command does from now on. One that ends (`succeeds`, `fails`) ends pending releases. */
export function setReleaseCommand(heroku: Heroku, app: App, command: ReleaseCommand): void {
  app.releaseCommand = command
  const status = STATUS_AFTER[command]
  const pending = app.releases.filter((release) => release.status === 'pending')
  if (status === 'pending' || pending.length === 0) return
  for (const release of pending) release.status = status
  if (status === 'succeeded') restartDynos(heroku, app)
}

/** The release with this version; 404 when the app never had it. */
export function releaseOf(app: App, version: number): Release {
  const release = app.releases.find((candidate) => candidate.version === version)
  if (release === undefined) throw notFound('release')
  return release
}

/**
 * Replaces every dyno of the formation by one on the release that the app runs. One-off dynos go on as they are: Heroku does not
 * restart them, so they are the ones that still hold an old key after a rotation.
 */
export function restartDynos(heroku: Heroku, app: App): void {
  const oneOff = app.dynos.filter((dyno) => dyno.type === 'run')
  app.dynos = oneOff
  for (const [type, quantity] of Object.entries(app.formation)) {
    for (let index = 1; index <= quantity; index++) startDyno(heroku, app, `${type}.${index}`, type)
  }
}

/** Starts one dyno on the release that the app runs. */
export function startDyno(
  heroku: Heroku,
  app: App,
  name: string,
  type: string,
  command = `npm run ${type}`,
): Dyno {
  const release = currentRelease(app)?.version ?? 0
  const dyno = { id: heroku.random.uuid(), name, type, command, release, startedAt: timestamp(heroku) }
  app.dynos.push(dyno)
  heroku.events.emit({ type: 'dyno', app: app.name, appId: app.id, dyno: name, release, state: 'starting' })
  return dyno
}

/** What a dyno is doing at this moment of the simulated clock. */
export function dynoState(heroku: Heroku, app: App, dyno: Dyno): 'starting' | 'up' {
  return heroku.now().getTime() - Date.parse(dyno.startedAt) < app.restartMs ? 'starting' : 'up'
}

function difference(
  before: Record<string, string>,
  after: Record<string, string>,
): Record<string, string | null> {
  const changes: Record<string, string | null> = {}
  for (const name of Object.keys(before)) if (!(name in after)) changes[name] = null
  for (const [name, value] of Object.entries(after)) if (before[name] !== value) changes[name] = value
  return changes
}
