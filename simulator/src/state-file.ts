import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import type { App, World } from './world.ts'

type Saved = { format: 1 } & {
  [Part in keyof World]: World[Part] extends Map<infer K, infer V> ? [K, V][] : World[Part]
}

const SAVE_DELAY_MS = 100

/** Reads the world that an earlier run saved; undefined when there is no file. A damaged file is an error. */
export function loadWorld(path: string): World | undefined {
  let text: string
  try {
    text = readFileSync(path, 'utf8')
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined
    throw error
  }
  const saved = parse(path, text)
  return {
    customer: saved.customer,
    apps: new Map(saved.apps.map(([id, app]) => [id, completed(app)])),
    addons: new Map(saved.addons),
    attachments: new Map(saved.attachments),
    appIdsByName: new Map(saved.appIdsByName),
    addonIdsByName: new Map(saved.addonIdsByName),
    grants: new Map(saved.grants),
    accessTokens: new Map(saved.accessTokens),
    refreshTokens: new Map(saved.refreshTokens),
    webhooks: new Map(saved.webhooks),
    provisionBodies: new Map(saved.provisionBodies),
    // A file from before that holds none.
    keyScopes: new Map(saved.keyScopes ?? []),
  }
}

/**
 * A file from before there were failed releases holds only such as succeeded, and one from before collaborators nobody beside
 * the owner.
 */
function completed(app: App): App {
  const releases = app.releases.map((release) => ({ ...release, status: release.status ?? 'succeeded' }))
  const { releaseCommand = 'succeeds', collaborators = [] } = app
  return { ...app, releaseCommand, releases, collaborators }
}

/** Writes beside the file and renames, so that a crash leaves the old state or the new one, never half of it. */
function saveWorld(path: string, world: World): void {
  const saved: Record<string, unknown> = { format: 1 }
  for (const [name, part] of Object.entries(world)) saved[name] = part instanceof Map ? [...part] : part
  mkdirSync(dirname(path), { recursive: true })
  const draft = `${path}.${process.pid}.tmp`
  // Tokens and keys are in it.
  writeFileSync(draft, JSON.stringify(saved), { mode: 0o600 })
  renameSync(draft, path)
}

/** Saves a little after the last change, and at once when told to. */
export function createStateSaver(path: string, world: World): { soon: () => void; now: () => void } {
  let timer: NodeJS.Timeout | undefined
  const now = () => {
    clearTimeout(timer)
    timer = undefined
    saveWorld(path, world)
  }
  return {
    now,
    soon: () => {
      // The first change starts the wait, so that a stream of changes cannot put the save off for ever.
      timer ??= setTimeout(now, SAVE_DELAY_MS).unref()
    },
  }
}

function parse(path: string, text: string): Saved {
  try {
    const saved = JSON.parse(text) as Saved
    if (saved.format === 1) return saved
  } catch {
    // Falls through to the same advice.
  }
  throw new Error(`${path} does not hold a simulator's state; delete it to start with an empty Heroku.`)
}
