import { type Selectable, sql } from 'kysely'
import type { ResourceState } from '../domain/resource-state.ts'
import type { Columns } from './columns.ts'
import type { Db, Trx } from './database.ts'
import { nextFence } from './fence.ts'
import { freezesForAll } from './freezes-for-all.ts'
import { anyOf, askAll, given, runPrepared } from './group-statement.ts'
import { type Schema, type StoredFreeze, TABLES } from './schema.ts'
import { STATE, stateOf, stateRow } from './state-row.ts'

/** The right to work on a resource until the lease ends. `fence` is its fencing number: a later claim raises it. */
export type Claim = { resourceId: string; fence: string }

/** The row of a live resource as it was read. While `fence` and `revision` stand still, it has not changed. */
export type StoredState = Claim & { revision: string; state: ResourceState }

type Row = Selectable<Schema['keysets']> & { freezes_for_all: StoredFreeze[] }

const { resource_id, fence, revision, last_seq } = TABLES.keysets
const STATE_NAMES = Object.keys(STATE) as (keyof typeof STATE)[]

/** The state of a live resource. */
export async function findState(db: Db, resourceId: string): Promise<StoredState | undefined> {
  const row = await db
    .selectFrom('keysets')
    .selectAll()
    .select(freezesForAll)
    .where('resource_id', '=', resourceId)
    .executeTakeFirst()
  return row && storedState(row)
}

/** The same, locked until the transaction ends. Everybody who decides on the state of a resource begins with this. */
export async function lockState(trx: Trx, resourceId: string): Promise<StoredState | undefined> {
  const row = await trx
    .selectFrom('keysets')
    .selectAll()
    .select(freezesForAll)
    .where('resource_id', '=', resourceId)
    .forNoKeyUpdate()
    .executeTakeFirst()
  return row && storedState(row)
}

/** Add-ons at which Heroku holds a foreign pair, by their ids, in batches: those behind the id `after`. */
export async function listForeign(db: Db, page: { limit: number; after?: string }): Promise<string[]> {
  const rows = await db
    .selectFrom('keysets')
    .select('resource_id')
    .where('foreign_since', 'is not', null)
    .$if(page.after !== undefined, (query) => query.where('resource_id', '>', page.after ?? ''))
    .orderBy('resource_id')
    .limit(page.limit)
    .execute()
  return rows.map(({ resource_id: id }) => id)
}

/** How many there are of them. */
export async function countForeign(db: Db): Promise<number> {
  const { count } = await db
    .selectFrom('keysets')
    .select(sql<number>`count(*)::int`.as('count'))
    .where('foreign_since', 'is not', null)
    .executeTakeFirstOrThrow()
  return count
}

/** The numbers of a row that is older than its history, raised to the highest that the history knows. */
export async function catchUpWithHistory(trx: Trx, resourceId: string): Promise<void> {
  await sql`
    update keysets k
       set last_seq = greatest(k.last_seq, h.seq), last_version = greatest(k.last_version, h.version)
      from (
        select max(seq) as seq, max(greatest(version, filler_version)) as version
          from history where resource_id = ${resourceId}
      ) h
     where k.resource_id = ${resourceId}
  `.execute(trx)
}

/** A state that takes the place of the one that was read. */
export type StateWrite = StoredState & {
  to: ResourceState
  /**
   * Who changes it: the worker that holds the claim; somebody else, whose change a worker must see; or somebody who
   * takes the resource from the worker that is at it, so that whatever that one still writes is void.
   */
  by: 'claim' | 'change' | 'takeover'
  /** How many history rows the change makes. */
  events: number
}

/** What is compared, and what is added to the counters. */
const NUMBERS = {
  resource_id,
  fence,
  revision,
  events: last_seq,
  fence_step: last_seq,
  revision_step: last_seq,
  known_version: last_seq,
}

/**
 * Writes states of a group, each only where fence and revision are still those that were read, and the highest version
 * too: a fence comes back with a database that fell back to an older state under the feet of a worker. Returns those that were
 * written, by resource, with their fence as it was and the number of their first history row.
 */
export async function writeStates(
  trx: Trx,
  writes: readonly StateWrite[],
): Promise<Map<string, { fence: string; firstSeq: number }>> {
  if (writes.length === 0) return new Map()
  // In one order: of two groups over the same rows, the second waits for the first.
  const inOrder = writes.toSorted((a, b) => (a.resourceId < b.resourceId ? -1 : 1))
  const rows = inOrder.map(writtenRow)
  const names = changedNames(
    inOrder.map(({ state }) => stateRow(state)),
    rows,
  )
  const columns: Columns = { ...NUMBERS, ...Object.fromEntries(names.map((name) => [name, STATE[name]])) }
  const written = await runPrepared(
    trx,
    ['write', names.at(0), names.at(-1)].filter(Boolean).join('-'),
    {
      ...askAll(NUMBERS, 'v', ['fence', 'events']),
      ...askAll(TABLES.keysets, 'k', ['resource_id', 'last_seq']),
    },
    (list) => sql`
    update keysets k
       set ${sql.raw(names.map((name) => `${name} = v.${name}, `).join(''))}
           last_seq = k.last_seq + v.events,
           fence = case when v.fence_step = 0 then k.fence else ${nextFence('k.fence')} end,
           revision = k.revision + v.revision_step
      from ${given(columns, rows)}
     where k.resource_id = v.resource_id and k.fence = v.fence and k.revision = v.revision
       and k.last_version = v.known_version
       and k.resource_id = ${anyOf(rows.map((row) => row.resource_id))}
    returning ${list}`,
  )
  return new Map(
    written.map((row) => [row.resource_id, { fence: row.fence, firstSeq: row.last_seq - row.events + 1 }]),
  )
}

type StateColumns = ReturnType<typeof stateRow>

/**
 * The columns from the first to the last that some row of the group changes: what stands around them is as it was read,
 * since fence and revision are. A group sends no more than that, and there are few such ranges to be prepared.
 */
function changedNames(before: readonly StateColumns[], after: readonly StateColumns[]) {
  const isChanged = (name: keyof StateColumns) =>
    after.some((row, index) => isOther(row[name], before[index]?.[name] ?? null))
  const first = STATE_NAMES.findIndex(isChanged)
  return first < 0 ? [] : STATE_NAMES.slice(first, STATE_NAMES.findLastIndex(isChanged) + 1)
}

function isOther(value: StateColumns[keyof StateColumns], known: StateColumns[keyof StateColumns]): boolean {
  if (value === known) return false
  return !(value instanceof Date && known instanceof Date && value.getTime() === known.getTime())
}

function writtenRow({ resourceId, fence, revision, state, to, by, events }: StateWrite) {
  return Object.assign(stateRow(to), {
    resource_id: resourceId,
    fence,
    revision,
    events,
    fence_step: by === 'takeover' ? 1 : 0,
    revision_step: by === 'claim' ? 0 : 1,
    known_version: state.lastVersion,
  })
}

/** A row as it was read. */
export function storedState(row: Row): StoredState {
  return {
    resourceId: row.resource_id,
    fence: row.fence,
    revision: row.revision,
    state: stateOf(row, row.freezes_for_all),
  }
}
