import { collaboratorObject } from '../api-objects.ts'
import { addCollaborator, removeCollaborator } from '../collaborators.ts'
import { reachableApp } from '../credentials.ts'
import { type Call, created, type Endpoint, ok } from '../endpoint.ts'
import { requiredText } from '../fields.ts'
import type { Heroku } from '../heroku.ts'
import { notFound } from '../heroku-error.ts'
import { ownedBy, userNamed } from '../users.ts'
import type { App } from '../world.ts'

/** What the CLI does with the people of an app: let somebody in, and out (Platform API, "Collaborator"). */
export function customerCollaboratorEndpoints(heroku: Heroku): Endpoint[] {
  const ownedIn = (call: Call): App =>
    ownedBy(heroku, call.caller, reachableApp(heroku, call.caller, call.params.app ?? ''))
  return [
    {
      method: 'POST',
      url: '/apps/:app/collaborators',
      access: 'customer',
      answer: (call) => {
        const app = ownedIn(call)
        const user = addCollaborator(app, userNamed(heroku, requiredText(call.body, 'user')))
        return created(collaboratorObject(app, user, 'member'))
      },
    },
    {
      method: 'DELETE',
      url: '/apps/:app/collaborators/:who',
      access: 'customer',
      answer: (call) => {
        const app = ownedIn(call)
        const { who } = call.params
        const user = app.collaborators.find(({ id, email }) => id === who || email === who)
        if (user === undefined) throw notFound('collaborator')
        removeCollaborator(app, user.email)
        return ok(collaboratorObject(app, user, 'member'))
      },
    },
  ]
}
