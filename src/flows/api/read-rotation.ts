import type { HistoryRow, NamedKey } from '../../domain/history.ts'
import type { ResourceState } from '../../domain/resource-state.ts'
import type { HeldBack, OpenRotation } from '../../domain/rotation.ts'
import type { RotationName } from '../../domain/rotation-id.ts'
import type { Turn } from '../../domain/turn.ts'
import { findRotationEnd } from '../../store/history.ts'
import { findState } from '../../store/keysets.ts'
import { findKeys } from '../../store/sealed-keys.ts'
import { liveResource } from '../change-resource.ts'
import { readRotationsPage } from '../dashboard/overview.ts'
import type { Deps } from '../deps.ts'
import { namedKeyOf } from '../ended-rotation.ts'

/** A rotation under way, with the key that it brings once that is made, or one that has ended. */
export type FoundRotation =
  | (Pick<ResourceState, 'attempts' | 'failures'> & {
      ended: false
      rotation: OpenRotation
      heldBack: HeldBack | null
      turn: Turn | null
      key: NamedKey | null
    })
  | { ended: true; row: HistoryRow }

/** A page of the rotations of a resource, newest first: the one under way stands on the first page. */
export async function readRotations(
  deps: Deps,
  request: { resourceId: string; olderThan?: number },
): Promise<{ rotations: FoundRotation[]; olderThan: number | undefined }> {
  const open = request.olderThan === undefined ? await findOpen(deps, request.resourceId) : undefined
  const { page } = await readRotationsPage(deps, request)
  const ended = page.items
    // It may have ended between the two looks.
    .map((row): FoundRotation => ({ ended: true, row }))
  const still = open && !open.ended && !page.items.some((row) => isOf(row, open.rotation))
  return { rotations: still ? [open, ...ended] : ended, olderThan: page.olderThan }
}

/** The rotation of that name. Undefined: there is none. Throws `unknown-resource` or `resource-gone`. */
export async function readRotation(
  deps: Pick<Deps, 'db'>,
  request: { resourceId: string; rotation: RotationName },
): Promise<FoundRotation | undefined> {
  const { resourceId, rotation } = request
  await liveResource(deps.db, resourceId)
  const open = await findOpen(deps, resourceId)
  if (open && !open.ended && isSame(open.rotation, rotation)) return open
  // What was no longer under way at the first look has ended, and its row is there.
  const row = await findRotationEnd(deps.db, resourceId, rotation)
  return row && { ended: true, row }
}

async function findOpen(deps: Pick<Deps, 'db'>, resourceId: string): Promise<FoundRotation | undefined> {
  const state = (await findState(deps.db, resourceId))?.state
  if (!state?.rotation) return undefined
  const { rotation, attempts, failures, heldBack, turn, keyset } = state
  const keys = keyset.pending === null ? [] : await findKeys(deps.db, resourceId)
  const key = keys.find(({ version }) => version === keyset.pending)
  const open = { rotation, attempts, failures, heldBack, turn }
  return { ended: false, ...open, key: key ? namedKeyOf(key) : null }
}

function isOf({ rotation }: HistoryRow, name: RotationName): boolean {
  return rotation !== undefined && isSame(rotation, name)
}

function isSame(a: RotationName, b: RotationName): boolean {
  return a.reason === b.reason && a.openedAt.getTime() === b.openedAt.getTime()
}
