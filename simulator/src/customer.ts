import { type CreateAppInput, createApp, rollback, runDyno, scale, setConfigVars, stopDyno } from './apps.ts'
import { type AttachInput, attach, detach } from './attaching.ts'
import { addCollaborator, removeCollaborator } from './collaborators.ts'
import type { Heroku } from './heroku.ts'
import { notFound } from './heroku-error.ts'
import { type CreateAddonInput, provision, repeatProvision } from './provisioning.ts'
import { setReleaseCommand } from './releases.ts'
import { changePlan, destroy, destroyApp, rename, repeatDeprovision } from './resource-changes.ts'
import type { ServiceAnswer } from './service-client.ts'
import { type SsoForm, type SsoInput, ssoForm, ssoLink } from './sso-form.ts'
import { userNamed } from './users.ts'
import {
  type AddonView,
  type AppView,
  type AttachmentView,
  addonView,
  appView,
  attachmentView,
} from './view.ts'
import {
  type Attachment,
  appOf,
  attachmentsOf,
  type KeyScope,
  liveAddonOf,
  type ReleaseCommand,
  type User,
} from './world.ts'

/**
 * What a customer does with the CLI or on Heroku's site; each calls the service where Heroku would. A refusal is
 * thrown as a `HerokuError` with the text that the customer would read.
 */
export type Customer = {
  createApp: (name?: string, input?: CreateAppInput) => Promise<AppView>
  destroyApp: (app: string) => Promise<void>
  createAddon: (input: CreateAddonInput) => Promise<AddonView>
  repeatProvision: (addon: string) => Promise<ServiceAnswer>
  repeatDeprovision: (addon: string) => Promise<ServiceAnswer>
  attach: (input: AttachInput) => Promise<AttachmentView>
  detach: (attachmentIdOrName: string, app?: string) => Promise<void>
  changePlan: (input: { addon: string; plan: string }) => Promise<AddonView>
  rename: (input: { addon: string; name: string }) => Promise<AddonView>
  destroy: (input: { addon: string }) => Promise<void>
  setConfigVar: (app: string, name: string, value: string | null) => Promise<void>
  rollback: (app: string, version: number) => Promise<void>
  /** Whether the release command of the app fails at its next releases, or goes on until it is told its end. */
  setReleaseCommand: (app: string, command: ReleaseCommand) => Promise<void>
  /** Lets somebody work on the app, or no longer (`heroku access:add` and `access:remove`); without an id one is made. */
  addCollaborator: (app: string, user: { email: string; id?: string }) => Promise<User>
  removeCollaborator: (app: string, email: string) => Promise<void>
  /** What a key of a person's may do from now on; `none`: it is refused. */
  setKeyScope: (key: string, scope: KeyScope) => Promise<void>
  scale: (app: string, formation: Record<string, number>) => Promise<void>
  runDyno: (app: string, command?: string) => Promise<string>
  stopDyno: (app: string, name: string) => Promise<void>
  /** Says on the app's card what its own processes do, which the simulator cannot know; an empty text takes it away. */
  note: (app: string, text: string) => Promise<void>
  /** Gives every attachment of the add-on a new log token; the old log input URLs are 401 from now on. */
  renewLogTokens: (addon: string) => Promise<void>
  ssoForm: (input: SsoInput) => SsoForm
  /** The link of the legacy API, which a browser opens. */
  ssoLink: (input: SsoInput) => string
}

export function createCustomer(heroku: Heroku): Customer {
  const { world } = heroku
  return {
    createApp: async (name, input) => appView(heroku, createApp(heroku, name, input)),
    destroyApp: async (app) => destroyApp(heroku, appOf(world, app)),
    createAddon: async (input) => addonView(heroku, await provision(heroku, input)),
    repeatProvision: (addon) => repeatProvision(heroku, addon),
    repeatDeprovision: (addon) => repeatDeprovision(heroku, addon),
    attach: async (input) => attachmentView(heroku, attach(heroku, input)),
    detach: async (attachment, app) => detach(heroku, findAttachment(heroku, attachment, app)),
    changePlan: async (input) => addonView(heroku, await changePlan(heroku, input)),
    rename: async (input) => addonView(heroku, rename(heroku, input)),
    destroy: async (input) => void (await destroy(heroku, input)),
    setConfigVar: async (app, name, value) => setConfigVars(heroku, appOf(world, app), { [name]: value }),
    rollback: async (app, version) => rollback(heroku, appOf(world, app), version),
    setReleaseCommand: async (app, command) => setReleaseCommand(heroku, appOf(world, app), command),
    addCollaborator: async (app, { email, id = userNamed(heroku, email).id }) =>
      addCollaborator(appOf(world, app), { id, email }),
    removeCollaborator: async (app, email) => removeCollaborator(appOf(world, app), email),
    setKeyScope: async (key, scope) => void world.keyScopes.set(key, scope),
    scale: async (app, formation) => scale(heroku, appOf(world, app), formation),
    runDyno: async (app, command) => runDyno(heroku, appOf(world, app), command).name,
    stopDyno: async (app, name) => stopDyno(heroku, app, name),
    note: async (app, text) => heroku.notes.put(appOf(world, app), text),
    renewLogTokens: async (addon) => {
      for (const attachment of attachmentsOf(world, liveAddonOf(world, addon))) {
        attachment.logToken = `t.${heroku.random.uuid()}`
      }
    },
    ssoForm: (input) => ssoForm(heroku, input),
    ssoLink: (input) => ssoLink(heroku, input),
  }
}

/** An attachment by its id, or by its name on an app. */
export function findAttachment(heroku: Heroku, idOrName: string, app: string | undefined): Attachment {
  const byId = heroku.world.attachments.get(idOrName)
  const named = app === undefined ? [] : attachmentsOf(heroku.world, appOf(heroku.world, app))
  const attachment = byId ?? named.find(({ name }) => name === idOrName)
  if (attachment === undefined) throw notFound('attachment')
  return attachment
}
