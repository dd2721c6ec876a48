import { type Health, healthOf } from '../domain/health.ts'
import type { ResourceState } from '../domain/resource-state.ts'
import type { Db } from '../store/database.ts'
import { findHerokuAccess } from '../store/heroku-access.ts'
import type { Resource } from '../store/resources.ts'

/** How a live resource is doing, from its state and from what is known beside it. Asks Heroku nothing. */
export async function readHealth(
  db: Db,
  resource: Pick<Resource, 'id' | 'name' | 'plan' | 'missingSince'>,
  state: ResourceState,
  now: Date,
): Promise<Health> {
  const { id, name, plan, missingSince } = resource
  const access = await findHerokuAccess(db, id)
  return healthOf({ name: name ?? id, plan, state, missingSince, access, trouble: null }, now)
}
