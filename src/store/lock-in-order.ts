import { type RawBuilder, sql } from 'kysely'
import { anyOf } from './group-statement.ts'

/**
 * The start of a statement that writes rows of several live resources, or a second row of one: `locked` are those of
 * them that exist, their rows in `keysets` locked in the order of their ids. The `where` of the statement takes its rows
 * by `anyLocked`, so it waits for all of these locks before it takes another. Whoever locks keysets in this order, and
 * before anything else of a resource, never waits for somebody who waits for him. An update alone locks in whatever order
 * its plan walks in: two of them over the same hundred rows end each other.
 */
export function lockInOrder(resourceIds: readonly string[]): RawBuilder<unknown> {
  return lockThoseInOrder(sql`resource_id = ${anyOf(resourceIds)}`)
}

/** The same for those rows of `keysets` for which a condition on its columns holds. */
export function lockThoseInOrder(condition: RawBuilder<unknown>): RawBuilder<unknown> {
  return sql`
    with locked as materialized (
      select resource_id from keysets
       where ${condition}
       order by resource_id
         for no key update
    )`
}

/** The right side of `resource_id = …` behind `lockInOrder` and `lockThoseInOrder`. */
export const anyLocked = sql`any (array(select resource_id from locked))`
