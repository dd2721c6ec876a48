import { type RawBuilder, sql } from 'kysely'

/**
 * The fence of a new claim. It is counted in microseconds: a database that fell back to an older state, as after a failover
 * that lost the last transactions, must not hand out a number that
 * somebody holds from before.
 */
export function nextFence(fence: string): RawBuilder<string> {
  const micros = sql.raw('(extract(epoch from clock_timestamp()) * 1000000)::bigint')
  return sql`greatest(${sql.raw(fence)} + 1, ${micros})`
}
