import { type RawBuilder, sql } from 'kysely'

/**
 * The right side of `id = …` for a group of ids that are found by their index. Joined to a list of ids whose length it
 * knows, the planner would rather scan all of a table of ten thousand rows; of a subquery it expects ten.
 */
export function anyOf(ids: readonly string[]): RawBuilder<unknown> {
  return sql`any (array(select unnest(${ids}::uuid[])))`
}
