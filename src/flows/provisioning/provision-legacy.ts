import { callbackPathOf } from '../../domain/callback-path.ts'
import { SecurekeyError } from '../../domain/errors.ts'
import { ownResourceId } from '../../domain/legacy-id.ts'
import { countEnded, isPathTaken } from '../../store/legacy-resources.ts'
import type { Deps } from '../deps.ts'
import type { InsertResource } from './insert-resource.ts'
import { type ProvisionOutcome, provision } from './provision.ts'
import type { ProvisionRequest } from './provision-request.ts'

export type LegacyProvisionRequest = Pick<
  ProvisionRequest,
  'name' | 'plan' | 'region' | 'options' | 'logInputUrl' | 'grant'
> & {
  /** Heroku's id of the add-on; older requests bring none. */
  uuid: string | null
  /** `app123@heroku.com`, or a uuid. */
  herokuId: string | null
  callbackUrl: string | null
}

/**
 * Makes a resource as the legacy API asks for it (Legacy Add-on Partner API Reference): config vars are written at its
 * callback address. A grant that comes, as on the day of the move to version 3, is kept where it can be exchanged. Where
 * no uuid comes, the resource gets an id of our own, the same for each repeat. Throws what `provision` throws; `malformed-
 * request` where nothing says which add-on it is; and `already-there` where another add-on has its config at the same
 * address, or one without a uuid has lived for longer than a request is repeated: its keys are not given out again.
 */
export async function provisionLegacy(
  deps: Deps,
  insert: InsertResource,
  request: LegacyProvisionRequest,
  mayProvision?: () => Promise<boolean>,
): Promise<ProvisionOutcome> {
  const { uuid, herokuId, callbackUrl, ...rest } = request
  const { path: callbackPath, isForeign } = callbackPathOf(request, deps.settings.herokuApiUrl)
  const resourceId = uuid ?? (herokuId === null ? null : await ownIdOf(deps, herokuId))
  if (resourceId === null || callbackPath === null) throw nameless()
  if (isForeign)
    deps.log.warn({ resourceId, callbackPath }, 'callback address is not one of app info, not used')
  // Both would write their keys over those of the other, in the same vars of the same app.
  const isTaken = herokuId !== null && (await isPathTaken(deps.db, { herokuId, callbackPath, resourceId }))
  if (isTaken)
    throw (rest.options.fork ?? null) === null
      ? alreadyThere('This app has this add-on already.')
      : noSecond()
  const legacy = { herokuId, callbackPath }
  const provisioned = await provision(
    deps,
    insert,
    { ...rest, resourceId, grant: deps.settings.takesGrants ? rest.grant : null, legacy },
    mayProvision,
  )
  const isEmpty = Object.keys(provisioned.config).length === 0
  if (uuid === null && isEmpty) throw alreadyThere('This app has had this add-on for more than a day.')
  return provisioned
}

async function ownIdOf({ db }: Pick<Deps, 'db'>, herokuId: string): Promise<string> {
  return ownResourceId(herokuId, await countEnded(db, herokuId))
}

function nameless(): SecurekeyError {
  return new SecurekeyError(
    'malformed-request',
    'The request body is malformed: uuid or heroku_id has to say which add-on it is.',
  )
}

/** Whoever removed the first one, to make the second that takes its keys over, would lose these. */
function noSecond(): SecurekeyError {
  return new SecurekeyError(
    'already-there',
    'This app has this add-on already. Over the legacy API it can have no second one that takes the keys over. Leave the first in place, and write to our support.',
  )
}

/** Heroku shows the message. */
function alreadyThere(why: string): SecurekeyError {
  return new SecurekeyError('already-there', `${why} Remove it first, or write to our support.`)
}
