import { appObject, attachmentObject, collaboratorObject, dynoObject, releaseObject } from '../api-objects.ts'
import { reachableApp, reachableReleasesOf } from '../credentials.ts'
import { type Call, type Endpoint, ok } from '../endpoint.ts'
import { requiredNumber } from '../fields.ts'
import type { Heroku } from '../heroku.ts'
import { notFound } from '../heroku-error.ts'
import { page } from '../paging.ts'
import { releaseOf } from '../releases.ts'
import { attachmentsOf } from '../world.ts'

/** What a partner and a customer may read of an app: itself, its people, attachments, releases, dynos. */
export function appEndpoints(heroku: Heroku): Endpoint[] {
  const appIn = (call: Call) => reachableApp(heroku, call.caller, call.params.app ?? '')
  const grantedAppIn = (call: Call) => reachableReleasesOf(heroku, call.caller, call.params.app ?? '')
  const list = (url: string, answer: Endpoint['answer']): Endpoint => ({
    method: 'GET',
    url,
    access: 'either',
    answer,
  })
  return [
    list('/apps/:app', (call) => ok(appObject(heroku, appIn(call)))),
    list('/apps/:app/collaborators', (call) => {
      const app = appIn(call)
      const { customer } = heroku.world
      const people = [
        collaboratorObject(app, customer, 'owner'),
        ...app.collaborators.map((user) => collaboratorObject(app, user, 'member')),
      ]
      return page(call, people, ['email', 'id'])
    }),
    list('/apps/:app/addon-attachments', (call) => {
      // A partner sees its own add-on's attachments there, not those of others.
      const { caller } = call
      const mine = attachmentsOf(heroku.world, appIn(call)).filter(
        ({ addonId }) => caller.kind !== 'partner' || addonId === caller.addon.id,
      )
      const objects = mine.map((attachment) =>
        attachmentObject(heroku, attachment, caller.kind === 'partner'),
      )
      return page(call, objects, ['id', 'name', 'created_at'])
    }),
    list('/apps/:app/releases', (call) => {
      const app = grantedAppIn(call)
      const objects = app.releases.map((release) => releaseObject(app, release))
      return page(call, objects, ['version', 'id'])
    }),
    list('/apps/:app/releases/:release', (call) => {
      const app = grantedAppIn(call)
      const byId = app.releases.find(({ id }) => id === call.params.release)
      return ok(releaseObject(app, byId ?? releaseOf(app, requiredNumber(call.params, 'release'))))
    }),
    list('/apps/:app/dynos', (call) => {
      const app = grantedAppIn(call)
      return page(
        call,
        app.dynos.map((dyno) => dynoObject(heroku, app, dyno)),
        ['name', 'id'],
      )
    }),
    list('/apps/:app/dynos/:dyno', (call) => {
      const app = grantedAppIn(call)
      const dyno = app.dynos.find(({ id, name }) => id === call.params.dyno || name === call.params.dyno)
      if (dyno === undefined) throw notFound('dyno')
      return ok(dynoObject(heroku, app, dyno))
    }),
    list('/apps/:app/formation', (call) => {
      const app = grantedAppIn(call)
      const types = Object.entries(app.formation)
      const reference = { id: app.id, name: app.name }
      return ok(
        types.map(([type, quantity]) => ({
          app: reference,
          type,
          quantity,
          size: 'Basic',
          command: `npm run ${type}`,
        })),
      )
    }),
  ]
}
