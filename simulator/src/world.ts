import { HerokuError, notFound } from './heroku-error.ts'

/** A Heroku user as releases and collaborators show one. */
export type User = { id: string; email: string }

/** Whether the app runs a release: not while its release command is `pending`, and never once that has `failed`. */
export type ReleaseStatus = 'succeeded' | 'failed' | 'pending'

/** What the release command of an app does at its next releases; `runs` leaves each pending until it is told an end. */
export type ReleaseCommand = 'succeeds' | 'fails' | 'runs'

/** One entry of an app's history; `config` is the whole config of the app at that release. */
export type Release = {
  id: string
  version: number
  status: ReleaseStatus
  description: string
  user: User
  createdAt: string
  config: Record<string, string>
}

/** A running process. Whether it is `starting` or `up` follows from `startedAt` and the clock. */
export type Dyno = {
  id: string
  name: string
  type: string
  command: string
  release: number
  startedAt: string
}

export type App = {
  id: string
  name: string
  region: 'us' | 'eu'
  /** Fir-generation apps have no log input. */
  generation: 'cedar' | 'fir'
  createdAt: string
  updatedAt: string
  config: Record<string, string>
  releases: Release[]
  formation: Record<string, number>
  dynos: Dyno[]
  restartMs: number
  releaseCommand: ReleaseCommand
  attachmentIds: string[]
  /** Who may work on it beside its owner. */
  collaborators: User[]
}

/** `deprovisioning` is what the partner's 202 to a DELETE leads to (asynchronous deprovisioning, beta). */
export type AddOnState = 'provisioning' | 'provisioned' | 'deprovisioning' | 'deprovisioned'

export type AddOn = {
  id: string
  name: string
  plan: string
  appId: string
  state: AddOnState
  providerId: string | null
  provisionMessage: string | null
  /** Under the names of the manifest, as the service sent them. */
  config: Record<string, string>
  options: Record<string, string>
  createdAt: string
  updatedAt: string
  attachmentIds: string[]
}

export type Attachment = {
  id: string
  name: string
  addonId: string
  appId: string
  /** `t.<uuid>`: the password of this attachment's log input URL. */
  logToken: string
  createdAt: string
}

export type Grant = { code: string; addonId: string; expiresAt: string; used: boolean }
export type AccessToken = { token: string; addonId: string; expiresAt: string; revoked: boolean }
export type RefreshToken = { token: string; addonId: string; revoked: boolean }

export type Webhook = {
  id: string
  addonId: string
  include: string[]
  level: 'notify' | 'sync'
  url: string
  authorization: string | null
  secret: string
  createdAt: string
  updatedAt: string
}

/** What a person's key may do: nothing, say whose it is, look at what is no secret, look at all, or everything. */
export type KeyScope = (typeof KEY_SCOPES)[number]
export const KEY_SCOPES = ['none', 'identity', 'read', 'read-protected', 'global'] as const

/** All that Heroku remembers. Mutated in place; the indexes by name keep look-ups flat with many add-ons. */
export type World = {
  customer: User
  apps: Map<string, App>
  addons: Map<string, AddOn>
  attachments: Map<string, Attachment>
  appIdsByName: Map<string, string>
  addonIdsByName: Map<string, string>
  grants: Map<string, Grant>
  accessTokens: Map<string, AccessToken>
  refreshTokens: Map<string, RefreshToken>
  webhooks: Map<string, Webhook>
  /** The exact provision body of each add-on, deprovisioned and failed ones too, so that it can be sent again. */
  provisionBodies: Map<string, string>
  /** What keys of people may do that may not do everything. */
  keyScopes: Map<string, KeyScope>
}

/** A Heroku on which nobody has done anything yet. */
export function emptyWorld(customer: User): World {
  return {
    customer,
    apps: new Map(),
    addons: new Map(),
    attachments: new Map(),
    appIdsByName: new Map(),
    addonIdsByName: new Map(),
    grants: new Map(),
    accessTokens: new Map(),
    refreshTokens: new Map(),
    webhooks: new Map(),
    provisionBodies: new Map(),
    keyScopes: new Map(),
  }
}

/** The app with this id or name; 404 when there is none. */
export function appOf(world: World, idOrName: string): App {
  const app = world.apps.get(idOrName) ?? world.apps.get(world.appIdsByName.get(idOrName) ?? '')
  if (app === undefined) throw notFound('app')
  return app
}

/** The add-on with this id or name, deprovisioned ones by id; 404 when there is none. Ids compare without case. */
export function addonOf(world: World, idOrName: string): AddOn {
  const id = world.addonIdsByName.get(idOrName) ?? idOrName.toLowerCase()
  const addon = world.addons.get(id)
  if (addon === undefined) throw notFound('addon')
  return addon
}

/** As `addonOf`, and 404 for one that is gone. */
export function liveAddonOf(world: World, idOrName: string): AddOn {
  const addon = addonOf(world, idOrName)
  if (addon.state === 'deprovisioned') throw notFound('addon')
  return addon
}

/** Where the add-on is attached, oldest first. */
export function attachmentsOf(world: World, owner: AddOn | App): Attachment[] {
  return owner.attachmentIds.map((id) => attachmentOf(world, id))
}

/** The attachment with this id; 404 when there is none. */
function attachmentOf(world: World, id: string): Attachment {
  const attachment = world.attachments.get(id)
  if (attachment === undefined) throw notFound('attachment')
  return attachment
}

/** The newest release, which the app may not run. Every app has one from its creation on. */
export function newestRelease(app: App): Release {
  const release = app.releases.at(-1)
  if (release === undefined) throw new HerokuError(500, 'internal_error', `${app.name} has no release`)
  return release
}

/** The release that the app runs: the newest that succeeded. */
export function currentRelease(app: App): Release | undefined {
  return app.releases.findLast(({ status }) => status === 'succeeded')
}
