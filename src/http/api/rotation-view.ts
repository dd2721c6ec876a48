import { type Static, Type } from 'typebox'
import type { Actor } from '../../domain/actor.ts'
import { failureWords } from '../../domain/failure-words.ts'
import type { HistoryKind } from '../../domain/history.ts'
import { rotationId } from '../../domain/rotation-id.ts'
import { waitsForRestart } from '../../domain/turn.ts'
import type { FoundRotation } from '../../flows/api/read-rotation.ts'
import { WaitsForRestart, waitsForRestartView } from './restart-view.ts'
import { Moment, MomentOrNull, momentOf, NumberOrNull, oneOf, TextOrNull } from './schemas.ts'

export const Rotation = Type.Object(
  {
    id: Type.String({ description: 'Stays the same from the opening of the rotation on.' }),
    reason: oneOf(['scheduled', 'manual', 'plan-change', 'revoke']),
    status: oneOf(
      ['under-way', 'held-back', 'stuck', 'done', 'superseded', 'cancelled'],
      '`done`: Heroku has the new key. `held-back`: apps still sign with the key that would leave. `stuck`: it has failed too often and is tried about once a day. `superseded`: a revoke, or a pair taken over from Heroku, took its place. `cancelled`: the add-on was removed.',
    ),
    asked_by: oneOf(['schedule', 'heroku', 'operator', 'person', 'token']),
    due_at: Moment,
    opened_at: Moment,
    ended_at: MomentOrNull,
    next_rotation_at: MomentOrNull,
    kid: TextOrNull,
    version: NumberOrNull,
    attempts: Type.Integer({
      description: 'How often it was tried; while it is under way, how often that failed.',
    }),
    last_failure: TextOrNull,
    held_back: Type.Union([Type.Null(), Type.Object({ apps: Type.Array(Type.String()), until: Moment })]),
    waits_for_restart: WaitsForRestart,
  },
  { $id: 'Rotation' },
)

type RotationAnswer = Static<typeof Rotation>

/** A rotation as the API tells it. */
export function rotationView(found: FoundRotation, now: Date): RotationAnswer {
  return found.ended ? endedView(found) : openView(found, now)
}

function openView(found: Extract<FoundRotation, { ended: false }>, now: Date): RotationAnswer {
  const { rotation, heldBack, attempts, failures, key } = found
  const waiting = heldBack && heldBack.until > now ? heldBack : null
  return {
    id: rotationId(rotation),
    reason: rotation.reason,
    status: rotation.stuckSince ? 'stuck' : waiting ? 'held-back' : 'under-way',
    asked_by: askedBy(rotation.openedBy),
    due_at: momentOf(rotation.dueAt),
    opened_at: momentOf(rotation.openedAt),
    ended_at: null,
    next_rotation_at: null,
    kid: key?.fingerprint ?? null,
    version: key?.version ?? null,
    attempts,
    last_failure: failureOf(failures),
    held_back: waiting && { apps: [...waiting.apps], until: momentOf(waiting.until) },
    waits_for_restart: waitsForRestartView(waitsForRestart(found.turn, now)),
  }
}

function endedView({ row }: Extract<FoundRotation, { ended: true }>): RotationAnswer {
  const { rotation, key, attempts = 0, failures = [] } = row
  if (!rotation) throw new Error('a row that ends a rotation names it')
  return {
    id: rotationId(rotation),
    reason: rotation.reason,
    status: statusOf(row.kind),
    asked_by: askedBy(row.actor),
    due_at: momentOf(rotation.dueAt),
    opened_at: momentOf(rotation.openedAt),
    ended_at: momentOf(row.at),
    next_rotation_at: momentOf(rotation.nextRotationAt),
    kid: key?.fingerprint ?? null,
    version: key?.version ?? null,
    attempts,
    last_failure: failureOf(failures),
    held_back: null,
    waits_for_restart: null,
  }
}

function statusOf(kind: HistoryKind): RotationAnswer['status'] {
  if (kind === 'rotated') return 'done'
  return kind === 'rotation-cancelled' ? 'cancelled' : 'superseded'
}

function askedBy({ type }: Actor): RotationAnswer['asked_by'] {
  if (type === 'worker') return 'schedule'
  // A client asks for no rotation.
  return type === 'client' ? 'token' : type
}

function failureOf(failures: readonly { kind: Parameters<typeof failureWords>[0] }[]): string | null {
  const last = failures.at(-1)
  return last ? failureWords(last.kind) : null
}
