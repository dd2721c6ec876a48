import { type ConfigVars, parseSecureKeyValue } from '../../domain/config-vars.ts'
import type { HerokuResult } from '../../domain/heroku-failure.ts'
import { type Held, judgeHeld } from '../../domain/judge-held.ts'
import { announcedIn, isSameMaterial, oldKeysIn } from '../../domain/keyring-var.ts'
import { findVersions } from '../../store/key-names.ts'
import { kidOf } from '../config-vars-of.ts'
import type { Deps } from '../deps.ts'
import { adoptHeld } from './adopt.ts'
import { stopAtForeign } from './foreign.ts'
import type { Group, Outcome } from './group.ts'
import { inFlight } from './in-flight.ts'
import { isRevokeOfThePast, type OpenResource } from './open-resource.ts'
import { publishedVars } from './publish.ts'

/** Reads what Heroku holds and says what it is to this add-on. Throws `sealed-value-unreadable`. */
export async function lookAtHeroku(
  deps: Deps,
  resource: OpenResource,
  published: ConfigVars,
  expected?: ConfigVars,
): Promise<HerokuResult<Held>> {
  const config = await resource.session.readConfig()
  if (!config.ok) return config
  const { pair, keyring } = config.value
  const { resourceId, state } = resource
  const keys = pair === null ? undefined : parseSecureKeyValue(pair)
  // The healthy answers ask nothing more of the database.
  const isKnown = [published, expected].some((vars) => vars && isSameMaterial(config.value, vars))
  const next = announcedIn(keyring)
  const beside = [...(next === null ? [] : [next]), ...oldKeysIn(keyring)]
  const texts = keys ? [keys.first, keys.second, ...beside] : []
  const kids = isKnown ? [] : texts.map(kidOf)
  const versions = await findVersions(deps.db, resourceId, kids)
  const { epoch, since } = deps.installation.standing()
  const held = judgeHeld({
    resourceId,
    state,
    published,
    expected,
    pair,
    keyring,
    versionOf: (kid) => versions.get(kid),
    pastUntil: state.trust.confirmedEpoch < epoch ? since : undefined,
    kidOf,
    holds: deps.witness.holds,
  })
  return { ok: true, value: held }
}

/**
 * Looks before a push that is in doubt. Undefined: go on and push. `arrived`: Heroku holds already what is to be pushed.
 * An outcome: the claim has ended, since Heroku was ahead of this database or holds what was never made here.
 */
export async function lookFirst(
  deps: Deps,
  group: Group,
  resource: OpenResource,
  expected?: ConfigVars,
): Promise<{ outcome: Outcome } | { arrived: true } | undefined> {
  const published = publishedVars(deps, resource)
  const looked = await inFlight(deps, group, resource, () =>
    lookAtHeroku(deps, resource, published, expected),
  )
  if ('outcome' in looked) return looked
  const look = looked.value
  if (look.held === 'expected') return { arrived: true }
  // A revoke is a person's: it overwrites whatever is there, unless that bears witness of this very revoke.
  const { rotation, keyset } = resource.state
  const isServed = look.held === 'ahead' && (look.keyring?.revokedTo ?? 0) >= keyset.revokedTo
  if (rotation?.reason === 'revoke' && !(isServed && isRevokeOfThePast(deps, resource.state)))
    return undefined
  if (look.held === 'ahead') return { outcome: await adoptHeld(deps, resource, look) }
  if (look.held === 'foreign') return { outcome: await stopAtForeign(deps, group, resource) }
  return undefined
}
