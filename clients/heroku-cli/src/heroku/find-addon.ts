import { type Fields, fieldsOf, textIn } from '../answers/fields.ts'
import { cleanText } from '../words/clean.ts'
import { type Heroku, HerokuRefusedError, UnreadableHerokuError } from './calls.ts'

/** The name of the service in Heroku's marketplace. */
export const SERVICE = 'securekey'

/** An add-on of ours. `app` is the app through which it was found: the one that was named, else the one that owns it. */
export type FoundAddon = { id: string; name: string; app: string; owner: string }

/** Neither an app nor an add-on was named. */
export class NothingNamedError extends Error {
  constructor() {
    super('Missing required flag app. Name an app with --app, or an add-on by its name.')
  }
}

/**
 * The add-on that is meant, as Heroku's own commands find one: by its name or id, or on an app by the name of an
 * attachment, or the only one of this service where none is named. Throws a sentence that names all where there are several.
 */
export async function findAddon(
  heroku: Pick<Heroku, 'post'>,
  { app, addon }: { app: string | undefined; addon: string | undefined },
): Promise<FoundAddon> {
  const [, namedApp, namedAddon] = /^(.+)::(.+)$/.exec(addon ?? '') ?? []
  const onApp = namedApp ?? app
  const wanted = namedAddon ?? addon
  if (onApp === undefined) {
    if (wanted === undefined) throw new NothingNamedError()
    return onlyOne(await resolve(heroku, wanted, null), wanted)
  }
  const identifier = wanted ?? SERVICE
  try {
    return { ...onlyOne(await resolve(heroku, identifier, onApp), wanted), app: onApp }
  } catch (error) {
    if (!isMissing(error)) throw error
    if (wanted === undefined) {
      throw new Error(
        `${onApp} has no add-on ${SERVICE}. Create one: heroku addons:create ${SERVICE}:fortnightly -a ${onApp}`,
      )
    }
    // The app may come from the folder's git remote: a name that is known everywhere is meant all the same.
    return onlyOne(await resolve(heroku, wanted, null), wanted)
  }
}

async function resolve(heroku: Pick<Heroku, 'post'>, addon: string, app: string | null): Promise<Fields[]> {
  const found = await heroku.post('/actions/addons/resolve', { addon, app })
  if (!Array.isArray(found)) throw new UnreadableHerokuError()
  return found.map(fieldsOf)
}

function onlyOne(found: Fields[], wanted: string | undefined): FoundAddon {
  const ours = found.filter(({ addon_service }) => fieldsOf(addon_service).name === SERVICE)
  const [addon, ...more] = ours
  if (addon === undefined) {
    const other = fieldsOf(found[0]?.addon_service).name
    const whose = typeof other === 'string' ? ` It is one of ${cleanText(other, 60)}.` : ''
    throw new Error(`${cleanText(wanted ?? SERVICE, 100)} is no add-on of ${SERVICE}.${whose}`)
  }
  if (more.length > 0) {
    const names = ours.map((each) => textIn(each, 'name')).toSorted()
    throw new Error(`There are several add-ons ${SERVICE}: ${names.join(', ')}. Name the one that you mean.`)
  }
  const owner = textIn(fieldsOf(addon.app), 'name')
  return { id: textIn(addon, 'id'), name: textIn(addon, 'name'), app: owner, owner }
}

function isMissing(error: unknown): boolean {
  return error instanceof HerokuRefusedError && error.status === 404 && error.resource === 'add_on'
}
