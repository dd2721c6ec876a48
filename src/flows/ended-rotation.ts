import type { Actor } from '../domain/actor.ts'
import type { HistoryEvent, RotationEnd } from '../domain/history.ts'
import { fingerprintOf } from '../domain/key.ts'
import type { ResourceState } from '../domain/resource-state.ts'
import type { StoredKey } from '../store/sealed-keys.ts'

/** What the history says of a rotation that ends without its key: none when no rotation is under way. */
export function endedRotation(
  kind: Exclude<RotationEnd, 'rotated'>,
  { rotation, keyset, attempts, failures }: ResourceState,
  keys: readonly StoredKey[],
  at: Date,
): HistoryEvent[] {
  if (!rotation) return []
  const { reason, dueAt, openedAt, openedBy } = rotation
  const pending = keys.find(({ version }) => version === keyset.pending)
  const filler = keys.find(({ version }) => version === keyset.pendingFiller)
  return [
    {
      at,
      kind,
      actor: openedBy,
      rotation: { reason, dueAt, openedAt },
      ...(pending && { key: namedKeyOf(pending), madeAt: pending.createdAt }),
      ...(filler && { filler: namedKeyOf(filler) }),
      attempts,
      failures,
    },
  ]
}

/** What the history says of a next key that goes with all others. */
export function withdrawnNext(
  { keyset }: ResourceState,
  keys: readonly StoredKey[],
  at: Date,
  actor: Actor,
): HistoryEvent[] {
  const next = keys.find(({ version }) => version === keyset.next?.version)
  return next ? [{ at, kind: 'next-withdrawn', actor, key: namedKeyOf(next), madeAt: next.createdAt }] : []
}

/** A stored key by its name. */
export function namedKeyOf({ version, digest }: StoredKey) {
  return { version, fingerprint: fingerprintOf(digest) }
}
