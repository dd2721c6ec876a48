import { type Selectable, sql } from 'kysely'
import type { SecondKey } from '../domain/keyset.ts'
import type { Pause } from '../domain/pause.ts'
import type { ResourceState } from '../domain/resource-state.ts'
import type { OpenRotation } from '../domain/rotation.ts'
import type { Columns } from './columns.ts'
import type { Db, Trx } from './database.ts'
import { anyOf, askAll, given, runPrepared } from './group-statement.ts'
import { type Schema, TABLES } from './schema.ts'

/** The right to work on a resource until the lease ends. `fence` is its fencing number: a later claim raises it. */
export type Claim = { resourceId: string; fence: string }

/** The row of a live resource as it was read. While `fence` and `revision` stand still, it has not changed. */
export type StoredState = Claim & { revision: string; state: ResourceState }

type Row = Selectable<Schema['keysets']>

const { resource_id, fence, revision, last_seq, ...state } = TABLES.keysets

/** The columns that make up a resource's state; the others are its id and counters. */
export const STATE = state

const STATE_NAMES = Object.keys(state) as (keyof typeof state)[]
type StateRow = Pick<Row, keyof typeof state>

/** The state of a live resource. */
export async function findState(db: Db, resourceId: string): Promise<StoredState | undefined> {
  const row = await db
    .selectFrom('keysets')
    .selectAll()
    .where('resource_id', '=', resourceId)
    .executeTakeFirst()
  return row && storedState(row)
}

/** The same, locked until the transaction ends. Everybody who decides on the state of a resource begins with this. */
export async function lockState(trx: Trx, resourceId: string): Promise<StoredState | undefined> {
  const row = await trx
    .selectFrom('keysets')
    .selectAll()
    .where('resource_id', '=', resourceId)
    .forNoKeyUpdate()
    .executeTakeFirst()
  return row && storedState(row)
}

/** Rotations under way, the oldest due date first; of those that are stuck when it is asked for. */
export async function listUnfinished(
  db: Db,
  filter: { limit: number; stuck?: boolean },
): Promise<StoredState[]> {
  const rows = await db
    .selectFrom('keysets')
    .selectAll()
    .where('reason', 'is not', null)
    .$if(filter.stuck === true, (query) => query.where('stuck_since', 'is not', null))
    .orderBy('due_at')
    .limit(filter.limit)
    .execute()
  return rows.map(storedState)
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
}

/**
 * Writes states of a group, each only where fence and revision are still those that were read. Returns those that were
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
           fence = k.fence + v.fence_step,
           revision = k.revision + v.revision_step
      from ${given(columns, rows)}
     where k.resource_id = v.resource_id and k.fence = v.fence and k.revision = v.revision
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

function writtenRow({ resourceId, fence, revision, to, by, events }: StateWrite) {
  return Object.assign(stateRow(to), {
    resource_id: resourceId,
    fence,
    revision,
    events,
    fence_step: by === 'takeover' ? 1 : 0,
    revision_step: by === 'claim' ? 0 : 1,
  })
}

function storedState(row: Row): StoredState {
  return {
    resourceId: row.resource_id,
    fence: row.fence,
    revision: row.revision,
    state: stateOf(row),
  }
}

/** The state that a row holds. */
export function stateOf(row: StateRow): ResourceState {
  return {
    keyset: {
      current: row.current,
      second: secondOf(row),
      pending: row.pending,
      pendingFiller: row.pending_filler,
      older: (row.older ?? []).map(({ version, until }) => ({ version, until: new Date(until) })),
      revokedTo: row.revoked_to,
    },
    lastVersion: row.last_version,
    publishedAt: row.published_at,
    rotation: rotationOf(row),
    attempts: row.attempts,
    failures: row.failures ?? [],
    servedDueAt: row.served_due_at,
    nextRotationAt: row.next_rotation_at,
    pause: pauseOf(row),
    checkAt: row.check_at,
    repairs: row.repairs,
    wakeAt: row.wake_at,
    claimedUntil: row.claimed_until,
  }
}

function secondOf(row: StateRow): SecondKey {
  const { second: version, second_until: until } = row
  return until === null ? { version, filler: true } : { version, filler: false, until }
}

function rotationOf(row: StateRow): OpenRotation | null {
  const { reason, due_at: dueAt, opened_at: openedAt } = row
  if (reason === null || dueAt === null || openedAt === null) return null
  return {
    reason,
    dueAt,
    openedAt,
    openedBy: row.opened_by ?? { type: 'worker' },
    stuckSince: row.stuck_since,
  }
}

function pauseOf(row: StateRow): Pause | null {
  if (row.paused_at === null) return null
  return { at: row.paused_at, until: row.paused_until, reason: row.pause_reason ?? '' }
}

/** The row that holds a state, as it is written. */
export function stateRow(state: ResourceState) {
  const { keyset, rotation, pause } = state
  const { second } = keyset
  return {
    paused_at: pause?.at ?? null,
    paused_until: pause?.until ?? null,
    pause_reason: pause?.reason ?? null,
    opened_by: rotation && rotation.reason !== 'scheduled' ? JSON.stringify(rotation.openedBy) : null,
    failures: jsonList(state.failures),
    stuck_since: rotation?.stuckSince ?? null,
    older: jsonList(keyset.older),
    revoked_to: keyset.revokedTo,
    current: keyset.current,
    second: second.version,
    second_filler: second.filler,
    second_until: second.filler ? null : second.until,
    pending: keyset.pending,
    pending_filler: keyset.pendingFiller,
    last_version: state.lastVersion,
    published_at: state.publishedAt,
    reason: rotation?.reason ?? null,
    due_at: rotation?.dueAt ?? null,
    opened_at: rotation?.openedAt ?? null,
    served_due_at: state.servedDueAt,
    attempts: state.attempts,
    repairs: state.repairs,
    next_rotation_at: state.nextRotationAt,
    check_at: state.checkAt,
    wake_at: state.wakeAt,
    claimed_until: state.claimedUntil,
  } satisfies { [Name in keyof StateRow]: unknown }
}

function jsonList(list: readonly unknown[]): string | null {
  return list.length === 0 ? null : JSON.stringify(list)
}
