import type { Selectable } from 'kysely'
import type { Freeze } from '../domain/freezes.ts'
import type { OlderKey, SecondKey } from '../domain/keyset.ts'
import type { Pause } from '../domain/pause.ts'
import type { ResourceState } from '../domain/resource-state.ts'
import type { HeldBack, OpenRotation } from '../domain/rotation.ts'
import { msOf, secondsOf } from './intervals.ts'
import { type Schema, type StoredFreeze, type StoredOlderKey, TABLES } from './schema.ts'

type Row = Selectable<Schema['keysets']>

const { resource_id, fence, revision, last_seq, ...state } = TABLES.keysets

/** The columns that make up a resource's state; the others of its row are its id and counters. */
export const STATE = state

/** The part of a row that is the state. */
export type StateRow = Pick<Row, keyof typeof state>

/** The state that a row holds, beside the partner's freezes of that moment. */
export function stateOf(row: StateRow, freezesForAll: readonly StoredFreeze[]): ResourceState {
  return {
    keyset: {
      current: row.current,
      second: secondOf(row),
      pending: row.pending,
      pendingFiller: row.pending_filler,
      older: (row.older ?? []).map(olderKeyOf),
      next: row.next === null ? null : { version: row.next, announced: row.next_announced },
      revokedTo: row.revoked_to,
    },
    announcesNext: row.announces_next,
    tokenLifeMs: row.token_life_seconds === null ? null : msOf(row.token_life_seconds),
    lastVersion: row.last_version,
    publishedAt: row.published_at,
    publishedReason: row.published_reason,
    rotation: rotationOf(row),
    attempts: row.attempts,
    failures: row.failures ?? [],
    heldBack: heldBackOf(row),
    turn: row.turn && { ...row.turn, since: new Date(row.turn.since), at: new Date(row.turn.at) },
    pushedAt: row.pushed_at,
    servedDueAt: row.served_due_at,
    nextRotationAt: row.next_rotation_at,
    pause: pauseOf(row),
    calendar: {
      windows: row.windows ?? [],
      freezes: (row.freezes ?? []).map(freezeOf),
      freezesForAll: freezesForAll.map(freezeOf),
    },
    checkAt: row.check_at,
    trust: {
      confirmedEpoch: row.confirmed_epoch,
      revokedEpoch: row.revoked_epoch,
      doubtful: row.doubtful,
      adoptAsked: row.adopt_asked,
      uncheckedSince: row.unchecked_since,
      foreignSince: row.foreign_since,
      goneSince: row.gone_since,
      repairedAt: row.repaired_at,
    },
    wakeAt: row.wake_at,
    claimedUntil: row.claimed_until,
  }
}

function olderKeyOf({ version, until, stoppedAt }: StoredOlderKey): OlderKey {
  const key = { version, until: new Date(until) }
  return stoppedAt === undefined ? key : { ...key, stoppedAt: new Date(stoppedAt) }
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
    ...(row.pressed && { pressed: true }),
  }
}

function freezeOf({ id, from, until, zone, reason }: StoredFreeze): Freeze {
  return { id, from: new Date(from), until: new Date(until), zone, reason }
}

function heldBackOf({ held_back: held }: StateRow): HeldBack | null {
  if (!held) return null
  const { since, until, lookAt, ...about } = held
  return { since: new Date(since), until: new Date(until), lookAt: new Date(lookAt), ...about }
}

function pauseOf(row: StateRow): Pause | null {
  if (row.paused_at === null) return null
  return { at: row.paused_at, until: row.paused_until, reason: row.pause_reason ?? '' }
}

/** The row that holds a state, as it is written. */
export function stateRow(state: ResourceState) {
  const { keyset, rotation, heldBack, pause, calendar, trust } = state
  const { second } = keyset
  return {
    paused_at: pause?.at ?? null,
    paused_until: pause?.until ?? null,
    pause_reason: pause?.reason ?? null,
    windows: jsonList(calendar.windows),
    freezes: jsonList(calendar.freezes),
    opened_by: rotation && rotation.reason !== 'scheduled' ? JSON.stringify(rotation.openedBy) : null,
    pressed: rotation?.pressed ?? false,
    failures: jsonList(state.failures),
    stuck_since: rotation?.stuckSince ?? null,
    held_back: heldBack && JSON.stringify(heldBack),
    turn: state.turn && JSON.stringify(state.turn),
    foreign_since: trust.foreignSince,
    gone_since: trust.goneSince,
    repaired_at: trust.repairedAt,
    doubtful: trust.doubtful,
    adopt_asked: trust.adoptAsked,
    unchecked_since: trust.uncheckedSince,
    confirmed_epoch: trust.confirmedEpoch,
    revoked_epoch: trust.revokedEpoch,
    older: jsonList(keyset.older),
    revoked_to: keyset.revokedTo,
    token_life_seconds: state.tokenLifeMs === null ? null : secondsOf(state.tokenLifeMs),
    announces_next: state.announcesNext,
    next: keyset.next?.version ?? null,
    next_announced: keyset.next?.announced ?? false,
    current: keyset.current,
    second: second.version,
    second_filler: second.filler,
    second_until: second.filler ? null : second.until,
    pending: keyset.pending,
    pending_filler: keyset.pendingFiller,
    last_version: state.lastVersion,
    published_at: state.publishedAt,
    published_reason: state.publishedReason,
    pushed_at: state.pushedAt,
    reason: rotation?.reason ?? null,
    due_at: rotation?.dueAt ?? null,
    opened_at: rotation?.openedAt ?? null,
    served_due_at: state.servedDueAt,
    attempts: state.attempts,
    next_rotation_at: state.nextRotationAt,
    check_at: state.checkAt,
    wake_at: state.wakeAt,
    claimed_until: state.claimedUntil,
  } satisfies { [Name in keyof StateRow]: unknown }
}

function jsonList(list: readonly unknown[]): string | null {
  return list.length === 0 ? null : JSON.stringify(list)
}
