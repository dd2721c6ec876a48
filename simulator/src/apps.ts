import { withChanges } from './addon-config.ts'
import { isAttachmentVar } from './attaching.ts'
import type { Heroku } from './heroku.ts'
import { timestamp } from './heroku.ts'
import { invalidParams } from './heroku-error.ts'
import { checkConfigSize, cutRelease, releaseOf, startDyno } from './releases.ts'
import { ADJECTIVES } from './words.ts'
import { type App, appOf, attachmentsOf, type Dyno } from './world.ts'

/** What an app may be created with beyond its name; `restartMs` is how long its dynos take to come up. */
export type CreateAppInput = {
  region?: 'us' | 'eu'
  generation?: 'cedar' | 'fir'
  formation?: Record<string, number>
  restartMs?: number
}

/** Creates an app with one web dyno, unless told otherwise. */
export function createApp(heroku: Heroku, name: string | undefined, input: CreateAppInput = {}): App {
  const { world, random } = heroku
  const chosen = name ?? `${random.pick(ADJECTIVES)}-app-${10_000 + random.below(90_000)}`
  if (!/^[a-z][a-z0-9-]{1,28}[a-z0-9]$/.test(chosen)) {
    throw invalidParams(
      'Name must start with a letter, end with a letter or digit and hold only a-z, 0-9 and dashes.',
    )
  }
  if (world.appIdsByName.has(chosen)) throw invalidParams(`Name ${chosen} is already taken`)
  const now = timestamp(heroku)
  const app: App = {
    id: random.uuid(),
    name: chosen,
    region: input.region ?? 'us',
    generation: input.generation ?? 'cedar',
    createdAt: now,
    updatedAt: now,
    config: {},
    releases: [],
    formation: { ...(input.formation ?? { web: 1 }) },
    dynos: [],
    restartMs: input.restartMs ?? heroku.settings.dynoRestartMs,
    releaseCommand: 'succeeds',
    attachmentIds: [],
    collaborators: [],
  }
  world.apps.set(app.id, app)
  world.appIdsByName.set(app.name, app.id)
  heroku.events.emit({ type: 'app', action: 'create', app: app.name, appId: app.id })
  cutRelease(heroku, app, { config: {}, description: 'Initial release', user: world.customer })
  return app
}

/** Sets or unsets config vars of the customer's own; a var of an attachment is not theirs to write. */
export function setConfigVars(heroku: Heroku, app: App, changes: Record<string, string | null>): void {
  const attachments = attachmentsOf(heroku.world, app)
  const names = Object.keys(changes)
  for (const name of names) {
    if (!/^[A-Za-z_][A-Za-z0-9_]*$/.test(name) || name.startsWith('__') || name.startsWith('HEROKU_')) {
      throw invalidParams(`Config var name ${name} is invalid.`)
    }
    if (isAttachmentVar(heroku, app, attachments, name)) {
      throw invalidParams(`Cannot overwrite attachment values ${name}.`)
    }
  }
  const config = withChanges(app.config, changes)
  checkConfigSize(app, config)
  const verb = Object.values(changes).every((value) => value === null) ? 'Remove' : 'Set'
  const description = `${verb} ${names.join(', ')} config vars`
  cutRelease(heroku, app, { config, description, user: heroku.world.customer })
}

/**
 * Rolls an app back: a new release with the config of an old one. The add-on's vars go back too, so the app drifts
 * from what the service sent last.
 */
export function rollback(heroku: Heroku, app: App, version: number): void {
  const { config } = releaseOf(app, version)
  cutRelease(heroku, app, { config, description: `Rollback to v${version}`, user: heroku.world.customer })
}

/** Sets how many dynos of each type run, leaving those that stay alone; `{ web: 0 }` is an app without a dyno. */
export function scale(heroku: Heroku, app: App, formation: Record<string, number>): void {
  app.formation = { ...app.formation, ...formation }
  for (const [type, quantity] of Object.entries(formation)) {
    const names = Array.from({ length: quantity }, (_, index) => `${type}.${index + 1}`)
    app.dynos = app.dynos.filter((dyno) => dyno.type !== type || names.includes(dyno.name))
    const running = new Set(app.dynos.map(({ name }) => name))
    for (const name of names) if (!running.has(name)) startDyno(heroku, app, name, type)
  }
}

/** Starts a one-off dyno (`heroku run`); later releases leave it on the config that it started with. */
export function runDyno(heroku: Heroku, app: App, command = 'bash'): Dyno {
  const taken = new Set(app.dynos.map((dyno) => dyno.name))
  let number = 1000 + heroku.random.below(9000)
  while (taken.has(`run.${number}`)) number++
  return startDyno(heroku, app, `run.${number}`, 'run', command)
}

/** Ends a one-off dyno. */
export function stopDyno(heroku: Heroku, idOrName: string, name: string): void {
  const app = appOf(heroku.world, idOrName)
  app.dynos = app.dynos.filter((dyno) => dyno.name !== name)
}
