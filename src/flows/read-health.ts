import { type Health, healthOf } from '../domain/health.ts'
import type { ResourceState } from '../domain/resource-state.ts'
import { ownerOfAll } from '../domain/trouble.ts'
import type { Db } from '../store/database.ts'
import { findHerokuAccess } from '../store/heroku-access.ts'
import { findOwnKey } from '../store/own-keys.ts'
import type { Resource } from '../store/resources.ts'
import { findVerdicts } from '../store/troubles.ts'
import { findUndeliveredSince } from '../store/undelivered.ts'
import { findUnknownSince } from '../store/unusual-accesses.ts'

/** Access that nobody knows is a matter of health for so long. */
export const UNUSUAL_FOR_MS = 7 * 86_400_000

/** How a live resource is doing, from its state and from what is known beside it. Asks Heroku nothing. */
export async function readHealth(
  db: Db,
  resource: Pick<Resource, 'id' | 'plan' | 'missingSince' | 'dek'>,
  state: ResourceState,
  now: Date,
): Promise<Health> {
  const { id, plan, missingSince, dek } = resource
  const access = await findHerokuAccess(db, id)
  const trouble = ownerOfAll((await findVerdicts(db)).map(({ cause }) => cause))
  const unusualSince = await findUnknownSince(db, id, new Date(now.getTime() - UNUSUAL_FOR_MS))
  const undeliveredSince = await findUndeliveredSince(db, id)
  const key = dek?.ownKey && (await findOwnKey(db, dek.kekId))
  const ownKey = key && dek && { ...key, arn: dek.kekId }
  const known = { access, trouble, unusualSince, undeliveredSince, ...(ownKey && { ownKey }) }
  return healthOf({ id, plan, state, missingSince, ...known }, now)
}
