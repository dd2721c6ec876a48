import type { ClaimedResource } from '../../store/claimed-resources.ts'
import { releaseClaims } from '../../store/claims.ts'
import type { Deps } from '../deps.ts'
import type { Outcome } from './group.ts'

const SHORT_MS = 60_000
/** The restoration wakes whoever waits for it. */
const LONG_MS = 3_600_000

/**
 * Puts a resource off while the customer's own key that protects it may be withdrawn: no attempt is counted, and nothing is
 * asked of anybody. Undefined: it is not.
 */
export async function holdForOwnKey(deps: Deps, resource: ClaimedResource): Promise<Outcome | undefined> {
  const { ownKey } = resource.dek
  if (ownKey === undefined || ownKey === 'active') return undefined
  // A leaked key is to leave the apps, and while it may be a slip this process may still have what opens the new one.
  if (ownKey === 'waiting' && resource.state.rotation?.reason === 'revoke') return undefined
  const delayMs = ownKey === 'waiting' || ownKey === 'restoring' ? SHORT_MS : LONG_MS
  // Apart, so that they do not all come back at once.
  const jitterMs = (delayMs / 2) * (deps.random(2).readUInt16BE() / 65_536)
  await releaseClaims(deps.db, [resource], new Date(deps.now().getTime() + delayMs + jitterMs))
  return 'waited'
}
