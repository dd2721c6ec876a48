import type { Caller } from './endpoint.ts'
import type { Heroku } from './heroku.ts'
import { forbidden } from './heroku-error.ts'
import { uuidFrom } from './randomness.ts'
import { type AddOn, type App, attachmentsOf, type User, type World } from './world.ts'

/** The person of an e-mail address: one and the same on every app. */
export function userNamed({ world }: Heroku, email: string): User {
  const people = [world.customer, ...[...world.apps.values()].flatMap(({ collaborators }) => collaborators)]
  return people.find((user) => user.email === email) ?? { id: uuidFrom(`user:${email}`), email }
}

/** Whose an API key is: the customer's, unless it is the e-mail address of somebody. */
export function userOfKey(heroku: Heroku, key: string): User {
  return key.includes('@') ? userNamed(heroku, key) : heroku.world.customer
}

/** The person who calls. */
export function userOf({ world }: Heroku, caller: Caller): User {
  return caller.kind === 'customer' ? caller.user : world.customer
}

/** Whether somebody may work on an app: its owner, and whom the owner has let in. */
export function worksOn(world: World, user: User, app: App | undefined): boolean {
  if (app === undefined) return false
  return user.id === world.customer.id || app.collaborators.some(({ id }) => id === user.id)
}

/** The app, for its owner alone: who else works on it may neither destroy it nor say who may. */
export function ownedBy(heroku: Heroku, caller: Caller, app: App): App {
  if (userOf(heroku, caller).id !== heroku.world.customer.id) throw forbidden()
  return app
}

/** Whether somebody may see an add-on: who works on its app, or on one that it is attached to. */
export function seesAddon(world: World, user: User, addon: AddOn): boolean {
  const appIds = [addon.appId, ...attachmentsOf(world, addon).map(({ appId }) => appId)]
  return appIds.some((id) => worksOn(world, user, world.apps.get(id)))
}
