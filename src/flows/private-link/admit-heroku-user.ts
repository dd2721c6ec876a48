import type { Person } from '../../domain/actor.ts'
import { cleanText } from '../../domain/clean-text.ts'
import { findLiveIdAtHeroku } from '../../store/resource-names.ts'
import type { Deps } from '../deps.ts'

/**
 * Whether somebody with a Heroku token may ask for an add-on.
 * - `unknown`: no add-on of ours, or not that person's: nobody learns which of the two
 * - `not-named`: Heroku does not say whose the token is, so no change could be put down to anybody
 */
export type Admission =
  | { outcome: 'admitted'; resourceId: string; actor: Person }
  | { outcome: 'wrong-token' | 'unknown' | 'read-only' | 'not-named' | 'not-now' }

type Asked = { token: string; addon: string; toChange: boolean; address: string | null; mustBeNamed: boolean }

/** Asks Heroku about the token, for this request alone. Nothing of the token is kept, logged or put into an error. */
export async function admitHerokuUser(
  deps: Pick<Deps, 'db' | 'herokuUsers' | 'log'>,
  { token, addon, toChange, address, mustBeNamed }: Asked,
): Promise<Admission> {
  const said = await deps.herokuUsers.ask({ token, addon, toChange })
  if (said.verdict === 'not-now') {
    deps.log.warn({ detail: said.detail }, 'it could not be asked what a Heroku token may do')
    return { outcome: 'not-now' }
  }
  if (said.verdict !== 'may') return { outcome: said.verdict }
  const resourceId = await findLiveIdAtHeroku(deps.db, said.addonId)
  if (resourceId === undefined) return { outcome: 'unknown' }
  const { user } = said
  if (toChange && mustBeNamed && !user) return { outcome: 'not-named' }
  const actor: Person = {
    type: 'person',
    userId: user && cleanText(user.id),
    email: user?.email ? cleanText(user.email) : null,
    verified: user !== null,
    address,
  }
  return { outcome: 'admitted', resourceId, actor }
}
