import { appObject, dynoObject, releaseObject } from '../api-objects.ts'
import { createApp, rollback, runDyno, scale, setConfigVars, stopDyno } from '../apps.ts'
import { reachableApp } from '../credentials.ts'
import { type Call, created, type Endpoint, ok } from '../endpoint.ts'
import { objectFrom, optionalText, requiredNumber, requiredText } from '../fields.ts'
import type { Heroku } from '../heroku.ts'
import { invalidParams, notFound } from '../heroku-error.ts'
import { page } from '../paging.ts'
import { releaseOf, restartDynos } from '../releases.ts'
import { destroyApp } from '../resource-changes.ts'
import { ownedBy, userOf, worksOn } from '../users.ts'
import { newestRelease } from '../world.ts'

/** What the CLI does with apps: create, list, destroy, config vars, roll back, run and scale (Platform API). */
export function customerAppEndpoints(heroku: Heroku): Endpoint[] {
  const appIn = (call: Call) => reachableApp(heroku, call.caller, call.params.app ?? '')
  const endpoint = (method: Endpoint['method'], url: string, answer: Endpoint['answer']): Endpoint => ({
    method,
    url,
    access: 'customer',
    answer,
  })
  const listApps = (call: Call) =>
    page(
      call,
      [...heroku.world.apps.values()]
        .filter((app) => worksOn(heroku.world, userOf(heroku, call.caller), app))
        .map((app) => appObject(heroku, app)),
      ['name', 'id', 'updated_at'],
    )
  return [
    endpoint('GET', '/apps', listApps),
    endpoint('GET', '/users/:user/apps', listApps),
    endpoint('POST', '/apps', (call) => {
      const region = optionalText(call.body, 'region') === 'eu' ? 'eu' : 'us'
      return created(appObject(heroku, createApp(heroku, optionalText(call.body, 'name'), { region })))
    }),
    endpoint('DELETE', '/apps/:app', async (call) => {
      const app = ownedBy(heroku, call.caller, appIn(call))
      const object = appObject(heroku, app)
      await destroyApp(heroku, app)
      return ok(object)
    }),
    endpoint('GET', '/apps/:app/config-vars', (call) => ok(appIn(call).config)),
    endpoint('PATCH', '/apps/:app/config-vars', (call) => {
      const app = appIn(call)
      setConfigVars(heroku, app, readChanges(call.body))
      return ok(app.config)
    }),
    endpoint('GET', '/apps/:app/releases/:release/config-vars', (call) =>
      ok(releaseOf(appIn(call), requiredNumber(call.params, 'release')).config),
    ),
    endpoint('POST', '/apps/:app/releases', (call) => {
      const app = appIn(call)
      const release = app.releases.find(({ id }) => id === requiredText(call.body, 'release'))
      if (release === undefined) throw notFound('release')
      rollback(heroku, app, release.version)
      return created(releaseObject(app, newestRelease(app)))
    }),
    endpoint('POST', '/apps/:app/dynos', (call) => {
      const app = appIn(call)
      return created(dynoObject(heroku, app, runDyno(heroku, app, optionalText(call.body, 'command'))))
    }),
    endpoint('DELETE', '/apps/:app/dynos', (call) => {
      restartDynos(heroku, appIn(call))
      return { status: 202, body: {} }
    }),
    endpoint('DELETE', '/apps/:app/dynos/:dyno', (call) => {
      stopDyno(heroku, appIn(call).id, call.params.dyno ?? '')
      return { status: 202, body: {} }
    }),
    endpoint('PATCH', '/apps/:app/formation', (call) => {
      const app = appIn(call)
      scale(heroku, app, readFormation(call.body.updates))
      return ok(Object.entries(app.formation).map(([type, quantity]) => ({ type, quantity, size: 'Basic' })))
    }),
  ]
}

function readChanges(body: Record<string, unknown>): Record<string, string | null> {
  const changes: Record<string, string | null> = {}
  for (const [name, value] of Object.entries(body)) {
    if (typeof value !== 'string' && value !== null)
      throw invalidParams(`The value of ${name} is not a string.`)
    changes[name] = value
  }
  return changes
}

function readFormation(updates: unknown): Record<string, number> {
  if (!Array.isArray(updates)) throw invalidParams('updates must be a list.')
  const items = updates.map(objectFrom)
  return Object.fromEntries(
    items.map((item) => [requiredText(item, 'type'), requiredNumber(item, 'quantity')]),
  )
}
