import type { Heroku } from './heroku.ts'
import { notFound } from './heroku-error.ts'
import type { AddOn } from './world.ts'

/**
 * What the legacy API calls an add-on: `app123@heroku.com`. Where it names apps alone (`legacyIds: 'app'`), one that is
 * added to the same app again has the same id.
 */
export function herokuIdOf(heroku: Heroku, addon: AddOn): string {
  const named = heroku.settings.legacyIds === 'app' ? addon.appId : addon.id
  return `app${Number.parseInt(named.slice(0, 8), 16)}@heroku.com`
}

/** Where its app info is, percent-encoded as Heroku writes it. */
export function callbackUrlOf(heroku: Heroku, addon: AddOn): string {
  return `${heroku.url()}/vendor/apps/${encodeURIComponent(herokuIdOf(heroku, addon))}`
}

/** The live add-on of that `heroku_id` or uuid; 404 where it is gone, and while its provision request is open. */
export function addonOfHerokuId(heroku: Heroku, id: string): AddOn {
  const found = findByHerokuId(heroku, id)
  if (found?.state !== 'provisioned') throw notFound('addon')
  return found
}

/** The same, whatever its state; the newest of several. */
export function findByHerokuId(heroku: Heroku, id: string): AddOn | undefined {
  const { addons } = heroku.world
  return (
    addons.get(id.toLowerCase()) ?? [...addons.values()].findLast((each) => herokuIdOf(heroku, each) === id)
  )
}
