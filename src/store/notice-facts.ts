import { sql } from 'kysely'
import type { HerokuAccess } from '../domain/health-state.ts'
import type { HistoryKind, HistoryRow } from '../domain/history.ts'
import type { ResourceState } from '../domain/resource-state.ts'
import { boolean, json } from './columns.ts'
import type { Db } from './database.ts'
import { FREEZES_FOR_ALL } from './freezes-for-all.ts'
import { anyOf, ask, askAll, askForValue, askIfThere, given, runPrepared } from './group-statement.ts'
import { historyEvent } from './history.ts'
import { msOf } from './intervals.ts'
import { type StoredFreeze, TABLES } from './schema.ts'
import { STATE, stateOf } from './state-row.ts'

/** What notices of a live resource depend on. `readTo`: its newest history row. */
export type NoticeFactsOfResource = {
  resourceId: string
  readTo: number
  name: string | null
  plan: string
  periodMs: number
  state: ResourceState
  missingSince: Date | null
  access: HerokuAccess
  /** The ARN of the customer's own key that protects it; null: one of ours does. */
  ownKeyArn: string | null
}

const { keysets, resources, history } = TABLES

const FACTS = {
  ...askAll(STATE, 'k'),
  ...askAll(keysets, 'k', ['resource_id', 'last_seq']),
  ...askAll(resources, 'r', ['name', 'missing_since']),
  // Live, so they are there.
  plan: askForValue(resources.plan, 'r.plan'),
  rotation_period_seconds: askForValue(resources.rotation_period_seconds, 'r.rotation_period_seconds'),
  has_token: ask(
    boolean,
    `exists (select from oauth_tokens t
      where t.resource_id = k.resource_id and t.sealed_refresh_token is not null)`,
  ),
  own_key_arn: askIfThere(resources.kek_id, "case when starts_with(r.kek_id, 'arn:') then r.kek_id end"),
  grant_waiting: ask(
    boolean,
    `exists (select from oauth_grants g where g.resource_id = k.resource_id and g.state = 'waiting')`,
  ),
  freezes_for_all: ask(json<StoredFreeze[]>(), FREEZES_FOR_ALL),
}

/** What notices of resources depend on, by one statement; those that are gone are missing. */
export async function findNoticeFacts(
  db: Db,
  resourceIds: readonly string[],
): Promise<Map<string, NoticeFactsOfResource>> {
  if (resourceIds.length === 0) return new Map()
  const rows = await runPrepared(
    db,
    'find-notice-facts',
    FACTS,
    (list) => sql`
    select ${list} from keysets k join resources r on r.id = k.resource_id
     where k.resource_id = ${anyOf(resourceIds)}`,
  )
  return new Map(
    rows.map((row) => [
      row.resource_id,
      {
        resourceId: row.resource_id,
        readTo: row.last_seq,
        name: row.name,
        plan: row.plan,
        periodMs: msOf(row.rotation_period_seconds),
        state: stateOf(row, row.freezes_for_all),
        missingSince: row.missing_since,
        ownKeyArn: row.own_key_arn,
        access: row.has_token ? 'given' : row.grant_waiting ? 'waiting' : 'none',
      },
    ]),
  )
}

/** A reading of history: rows of one resource behind `after` up to `readTo`, or the severe ones among them. */
export type HistoryReading = { resourceId: string; after: number; readTo: number; severeAlone: boolean }

/**
 * The first rows of some kinds of each reading, oldest first, at most `limit` of each, by one statement. In the order of
 * the readings.
 */
export async function readHistories(
  db: Db,
  readings: readonly HistoryReading[],
  { kinds, severe, limit }: { kinds: readonly HistoryKind[]; severe: readonly HistoryKind[]; limit: number },
): Promise<HistoryRow[][]> {
  const asking = readings.flatMap(({ resourceId, after, readTo, severeAlone: severe_alone }, place) =>
    readTo > after ? [{ resource_id: resourceId, place, after, read_to: readTo, severe_alone }] : [],
  )
  const found: HistoryRow[][] = readings.map(() => [])
  if (asking.length === 0) return found
  const { resource_id, seq } = history
  const rows = await runPrepared(
    db,
    'read-histories',
    { ...askAll(history, 'h'), place: ask(seq, 'v.place') },
    (list) => sql`
    select ${list}
      from ${given({ resource_id, place: seq, after: seq, read_to: seq, severe_alone: boolean }, asking)}
      cross join lateral (
        select * from history
         where resource_id = v.resource_id and seq > v.after and seq <= v.read_to
           and kind = any (case when v.severe_alone then ${`{${severe.join()}}`}::text[] else ${`{${kinds.join()}}`}::text[] end)
         order by seq limit ${limit}
      ) h
     order by v.place, h.seq`,
  )
  for (const row of rows) found[row.place]?.push(historyEvent(row))
  return found
}
