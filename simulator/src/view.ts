import { addonConfig, attachmentVars } from './addon-config.ts'
import type { ApiCall } from './api-call.ts'
import type { Heroku } from './heroku.ts'
import type { LogLine } from './log-line.ts'
import { dynoState } from './releases.ts'
import type { ServiceCall } from './service-call.ts'
import type { Delivery } from './webhook-delivery.ts'
import type { Webhooks } from './webhook-sender.ts'
import {
  type AddOn,
  type App,
  type Attachment,
  addonOf,
  appOf,
  attachmentsOf,
  currentRelease,
  type Release,
  type User,
} from './world.ts'

export type AppView = {
  id: string
  name: string
  region: string
  createdAt: string
  version: number
  attachments: string[]
  /** What was said of its processes; empty when nothing was. */
  note: string
}
export type AddonView = {
  id: string
  name: string
  plan: string
  app: string
  appId: string
  state: AddOn['state']
  providerId: string | null
  provisionMessage: string | null
  options: Record<string, string>
  /** Manifest names with the values that `GET /addons/:id/config` would answer. */
  config: Record<string, string>
  /** Names of its config vars on the owning app. */
  configVars: string[]
  createdAt: string
  updatedAt: string
}
export type AttachmentView = {
  id: string
  name: string
  addon: string
  addonId: string
  app: string
  appId: string
  configVars: string[]
  createdAt: string
}
export type ReleaseView = Release & { user: User; current: boolean }
export type DynoView = {
  id: string
  name: string
  type: string
  command: string
  state: 'starting' | 'up'
  release: number
  startedAt: string
}

/** Copies of everything in the simulated Heroku, for tests, the page and the state endpoint. Names or ids both do. */
export type View = {
  apps: () => AppView[]
  app: (app: string) => AppView
  /** Without deprovisioned ones, which `addon` still finds by id. */
  addons: () => AddonView[]
  addon: (addon: string) => AddonView
  attachments: (addon: string) => AttachmentView[]
  appAttachments: (app: string) => AttachmentView[]
  configVars: (app: string) => Record<string, string>
  releases: (app: string) => ReleaseView[]
  dynos: (app: string) => DynoView[]
  logs: () => LogLine[]
  apiCalls: () => ApiCall[]
  serviceCalls: () => ServiceCall[]
  /** Webhook deliveries. */
  deliveries: () => Delivery[]
}

export function createView(heroku: Heroku, webhooks: Webhooks): View {
  const { world } = heroku
  return {
    apps: () => [...world.apps.values()].map((app) => appView(heroku, app)),
    app: (app) => appView(heroku, appOf(world, app)),
    addons: () =>
      [...world.addons.values()]
        .filter(({ state }) => state !== 'deprovisioned')
        .map((addon) => addonView(heroku, addon)),
    addon: (addon) => addonView(heroku, addonOf(world, addon)),
    attachments: (addon) =>
      attachmentsOf(world, addonOf(world, addon)).map((attachment) => attachmentView(heroku, attachment)),
    appAttachments: (app) =>
      attachmentsOf(world, appOf(world, app)).map((attachment) => attachmentView(heroku, attachment)),
    configVars: (app) => ({ ...appOf(world, app).config }),
    releases: (app) => releaseViews(appOf(world, app)),
    dynos: (app) => dynoViews(heroku, appOf(world, app)),
    logs: () => heroku.logs.all().map((line) => ({ ...line })),
    apiCalls: () => heroku.apiCalls.all(),
    serviceCalls: () => heroku.serviceCalls.all().map((call) => ({ ...call })),
    deliveries: () => webhooks.deliveries(),
  }
}

/** One app in short. */
export function appView(heroku: Heroku, app: App): AppView {
  const { id, name, region, createdAt } = app
  const attachments = attachmentsOf(heroku.world, app).map((attachment) => attachment.name)
  const version = app.releases.at(-1)?.version ?? 0
  return { id, name, region, createdAt, version, attachments, note: heroku.notes.of(app) }
}

/** One add-on. */
export function addonView(heroku: Heroku, addon: AddOn): AddonView {
  const { attachmentIds: _, ...rest } = addon
  const owner = heroku.world.apps.get(addon.appId)
  const onOwner = attachmentsOf(heroku.world, addon).filter(({ appId }) => appId === addon.appId)
  return {
    ...rest,
    options: { ...addon.options },
    app: owner?.name ?? '',
    config: owner === undefined ? { ...addon.config } : addonConfig(heroku, addon),
    configVars: onOwner.flatMap((attachment) => attachmentVars(heroku, attachment)),
  }
}

/** One attachment, without its log token. */
export function attachmentView(heroku: Heroku, attachment: Attachment): AttachmentView {
  const { id, name, addonId, appId, createdAt } = attachment
  const addon = heroku.world.addons.get(addonId)?.name ?? ''
  const app = heroku.world.apps.get(appId)?.name ?? ''
  return { id, name, addon, addonId, app, appId, configVars: attachmentVars(heroku, attachment), createdAt }
}

function releaseViews(app: App): ReleaseView[] {
  return app.releases.map((release) => ({
    ...structuredClone(release),
    current: release === currentRelease(app),
  }))
}

function dynoViews(heroku: Heroku, app: App): DynoView[] {
  return app.dynos.map((dyno) => ({ ...dyno, state: dynoState(heroku, app, dyno) }))
}
