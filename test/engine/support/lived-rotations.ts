import type { RotationEnd } from '../../../src/domain/history.ts'
import type { RotationReason } from '../../../src/domain/rotation-reason.ts'
import type { Deps } from '../../../src/flows/deps.ts'
import { findState } from '../../../src/store/keysets.ts'
import { endedRotations } from '../../support/resource.ts'

/** A rotation and how it ended, if it has. */
export type LivedRotation = {
  reason: RotationReason
  end: RotationEnd | 'under way' | 'stuck'
  dueAt: Date
  openedAt: Date
  /** The version that it made. */
  version: number | null
}

/** The rotations of an add-on, the oldest first: those that ended, and behind them the one that has not. */
export async function rotationsOf(deps: Pick<Deps, 'db'>, addonId: string): Promise<LivedRotation[]> {
  const ended = (await endedRotations(deps, addonId)).map(({ kind, rotation, key }) => {
    if (!rotation) throw new Error(`${kind} does not say of which rotation`)
    const { reason, dueAt, openedAt } = rotation
    return { reason, end: kind as RotationEnd, dueAt, openedAt, version: key?.version ?? null }
  })
  const state = (await findState(deps.db, addonId))?.state
  if (!state?.rotation) return ended
  const { reason, dueAt, openedAt, stuckSince } = state.rotation
  const end = stuckSince ? ('stuck' as const) : ('under way' as const)
  return [...ended, { reason, end, dueAt, openedAt, version: state.keyset.pending }]
}
