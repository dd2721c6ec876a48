import { type Health, healthOf } from '../domain/health.ts'
import type { ResourceState } from '../domain/resource-state.ts'
import { ownerOfAll } from '../domain/trouble.ts'
import type { Db } from '../store/database.ts'
import { findHerokuAccess } from '../store/heroku-access.ts'
import type { Resource } from '../store/resources.ts'
import { findVerdicts } from '../store/troubles.ts'

/** How a live resource is doing, from its state and from what is known beside it. Asks Heroku nothing. */
export async function readHealth(
  db: Db,
  resource: Pick<Resource, 'id' | 'plan' | 'missingSince'>,
  state: ResourceState,
  now: Date,
): Promise<Health> {
  const { id, plan, missingSince } = resource
  const access = await findHerokuAccess(db, id)
  const trouble = ownerOfAll((await findVerdicts(db)).map(({ cause }) => cause))
  return healthOf({ id, plan, state, missingSince, access, trouble }, now)
}
