import { type Selectable, sql } from 'kysely'
import type { Actor, ClientActor, Person, TokenActor } from '../domain/actor.ts'
import { cleanText } from '../domain/clean-text.ts'
import { type HistoryEvent, type HistoryKind, type HistoryRow, ROTATION_ENDS } from '../domain/history.ts'
import { SEVERE_ROWS, TOLD_KINDS } from '../domain/notices/from-history.ts'
import type { RotationName } from '../domain/rotation-id.ts'
import type { WriteOf } from './columns.ts'
import type { Db, Trx } from './database.ts'
import { askAll, executePrepared, given, runPrepared } from './group-statement.ts'
import { anyLocked, lockInOrder } from './lock-in-order.ts'
import { type Waking, wakeCursors } from './notice-cursors.ts'
import { type Schema, TABLES } from './schema.ts'

/** An event with its place in the history of its resource. */
export type PlacedEvent = { resourceId: string; seq: number; event: HistoryEvent }

const NAMES = sql.raw(Object.keys(TABLES.history).join(', '))

/** Writes what happened, in the transaction in which it happens, so that neither exists alone. */
export async function insertHistory(trx: Trx, events: readonly PlacedEvent[]): Promise<void> {
  if (events.length === 0) return
  const rows = given(TABLES.history, events.map(historyRow))
  const insert = sql`insert into history (${NAMES}) select ${NAMES} from ${rows}`
  const waking = wakingOf(events)
  if (waking.length === 0) await executePrepared(trx, 'insert-history', insert)
  else await executePrepared(trx, 'insert-told-history', sql`${wakeCursors(waking)} ${insert}`)
}

/** The newest row of each resource of which somebody is told, or on which it depends what its schedule has to say. */
function wakingOf(events: readonly PlacedEvent[]): Waking[] {
  const newest = new Map<string, Waking>()
  for (const { resourceId: resource_id, seq, event } of events) {
    if (!WAKING_KINDS.includes(event.kind)) continue
    const before = newest.get(resource_id)
    const known = before?.severe_seq ?? null
    newest.set(resource_id, {
      resource_id,
      seq: Math.max(seq, before?.seq ?? 0),
      severe_seq: SEVERE_ROWS.includes(event.kind) ? Math.max(seq, known ?? 0) : known,
      patient: event.kind === 'rotated' && (before?.patient ?? true),
    })
  }
  return [...newest.values()]
}

const WAKING_KINDS: readonly HistoryKind[] = [...TOLD_KINDS, 'config-adopted']

/**
 * Writes what happened to live resources and changed nothing of their state. The lock of each one's row gives the
 * numbers. A resource that was deprovisioned gets none.
 */
export async function recordEvents(
  trx: Trx,
  happened: readonly { resourceId: string; events: readonly HistoryEvent[] }[],
): Promise<void> {
  if (happened.length === 0) return
  const { resource_id, last_seq } = TABLES.keysets
  const rows = happened.map(({ resourceId, events }) => ({
    resource_id: resourceId,
    last_seq: events.length,
  }))
  const numbered = await runPrepared(
    trx,
    'number-events',
    askAll(TABLES.keysets, 'k', ['resource_id', 'last_seq']),
    (list) => sql`
    ${lockInOrder(rows.map((row) => row.resource_id))}
    update keysets k set last_seq = k.last_seq + v.last_seq
      from ${given({ resource_id, last_seq }, rows)}
     where k.resource_id = v.resource_id and k.resource_id = ${anyLocked}
    returning ${list}`,
  )
  const last = new Map(numbered.map((row) => [row.resource_id, row.last_seq]))
  await insertHistory(
    trx,
    happened.flatMap(({ resourceId, events }) => {
      const lastSeq = last.get(resourceId)
      if (lastSeq === undefined) return []
      const first = lastSeq - events.length + 1
      return events.map((event, index) => ({ resourceId, seq: first + index, event }))
    }),
  )
}

/** The history of one resource, newest first: `limit` rows below the number `before`, of some kinds or of all. */
export async function listHistory(
  db: Db,
  resourceId: string,
  page: { limit: number; before?: number; kinds?: readonly HistoryKind[] },
): Promise<HistoryRow[]> {
  const { limit, before, kinds } = page
  const rows = await db
    .selectFrom('history')
    .selectAll()
    .where('resource_id', '=', resourceId)
    .$if(before !== undefined, (query) => query.where('seq', '<', before ?? 0))
    .$if(kinds !== undefined, (query) => query.where('kind', 'in', kinds ?? []))
    .orderBy('seq', 'desc')
    .limit(limit)
    .execute()
  return rows.map(historyEvent)
}

/** The row with which a rotation of a resource ended. */
export async function findRotationEnd(
  db: Db,
  resourceId: string,
  { reason, openedAt }: RotationName,
): Promise<HistoryRow | undefined> {
  const row = await db
    .selectFrom('history')
    .selectAll()
    .where('resource_id', '=', resourceId)
    .where('kind', 'in', ROTATION_ENDS)
    .where('reason', '=', reason)
    .where('opened_at', '=', openedAt)
    .orderBy('seq', 'desc')
    .limit(1)
    .executeTakeFirst()
  return row && historyEvent(row)
}

/** When the rotation to a key began. Undefined for the first key of an add-on, and for one that was adopted. */
export async function findRotationOpenedAt(
  db: Db,
  resourceId: string,
  version: number,
): Promise<Date | undefined> {
  const row = await db
    .selectFrom('history')
    .select('opened_at')
    .where('resource_id', '=', resourceId)
    .where('kind', '=', 'rotated')
    .where('version', '=', version)
    .orderBy('seq', 'desc')
    .limit(1)
    .executeTakeFirst()
  return row?.opened_at ?? undefined
}

type Row = Selectable<Schema['history']>
type Written = { [Name in keyof Row]: WriteOf<(typeof TABLES.history)[Name]> }

/** The row of an event. */
export function historyRow({ resourceId, seq, event }: PlacedEvent): Written {
  const { actor, rotation, key, filler, erased = [], attempts, failures = [], details } = event
  return {
    resource_id: resourceId,
    seq,
    at: event.at,
    kind: event.kind,
    actor: actor.type,
    person: actor.type === 'person' ? textOf(actor) : null,
    token: isProgram(actor) ? textOf(actor) : null,
    reason: rotation?.reason ?? null,
    due_at: rotation?.dueAt ?? null,
    opened_at: rotation?.openedAt ?? null,
    made_at: event.madeAt ?? null,
    published_at: event.publishedAt ?? null,
    next_rotation_at: rotation?.nextRotationAt ?? null,
    version: key?.version ?? null,
    fingerprint: key?.fingerprint ?? null,
    filler_version: filler?.version ?? null,
    filler_fingerprint: filler?.fingerprint ?? null,
    erased: erased.length === 0 ? null : [...erased],
    attempts: attempts ?? null,
    failures: failures.length === 0 ? null : JSON.stringify(failures),
    details: details ? JSON.stringify(details, cleaned) : null,
  }
}

function isProgram(actor: Actor): actor is TokenActor | ClientActor {
  return actor.type === 'token' || actor.type === 'client'
}

function textOf({ type: _, ...who }: Person | TokenActor | ClientActor): string {
  return JSON.stringify(who, cleaned)
}

/** Whatever door a text came through: what is written here is shown, printed and exported. */
function cleaned(_name: string, value: unknown): unknown {
  return typeof value === 'string' ? cleanText(value, LONGEST_DETAIL) : value
}

const LONGEST_DETAIL = 1_000

/** The event of a row. */
export function historyEvent(row: Row): HistoryRow {
  const { attempts, failures, details, erased } = row
  const rotation = rotationFacts(row)
  const key = namedKey(row.version, row.fingerprint)
  const filler = namedKey(row.filler_version, row.filler_fingerprint)
  return {
    seq: row.seq,
    at: row.at,
    kind: row.kind,
    actor: actorOf(row),
    ...(rotation && { rotation }),
    ...(key && { key }),
    ...(filler && { filler }),
    ...(row.made_at && { madeAt: row.made_at }),
    ...(row.published_at && { publishedAt: row.published_at }),
    ...(erased && { erased }),
    ...(attempts !== null && { attempts }),
    ...(failures && { failures }),
    ...(details && { details }),
  }
}

function actorOf({ actor, person, token }: Row): Actor {
  if (actor === 'token' || actor === 'client')
    return { type: actor, id: '', name: '', address: null, ...token }
  if (actor !== 'person') return { type: actor }
  return { type: 'person', userId: null, email: null, verified: false, address: null, ...person }
}

function rotationFacts(row: Row): HistoryEvent['rotation'] {
  const { reason, due_at: dueAt, opened_at: openedAt } = row
  if (reason === null || dueAt === null || openedAt === null) return undefined
  return {
    reason,
    dueAt,
    openedAt,
    ...(row.next_rotation_at && { nextRotationAt: row.next_rotation_at }),
  }
}

function namedKey(version: number | null, fingerprint: string | null) {
  return version === null || fingerprint === null ? undefined : { version, fingerprint }
}
