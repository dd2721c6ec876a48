import { invalidParams, notFound } from './heroku-error.ts'
import type { App, User } from './world.ts'

/** Lets somebody work on an app. */
export function addCollaborator(app: App, user: User): User {
  if (app.collaborators.some(({ email }) => email === user.email)) {
    throw invalidParams('User is already a collaborator on the app.')
  }
  app.collaborators.push(user)
  return user
}

/** Lets somebody work on an app no longer; 404 for one who did not. */
export function removeCollaborator(app: App, email: string): void {
  const place = app.collaborators.findIndex((user) => user.email === email)
  if (place < 0) throw notFound('collaborator')
  app.collaborators.splice(place, 1)
}
