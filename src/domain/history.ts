import type { Actor } from './actor.ts'
import type { Failure } from './heroku-failure.ts'
import type { RotationReason } from './rotation-reason.ts'

/** Everything that can happen to an add-on and is written down when it has. */
export type HistoryKind =
  | 'provisioned'
  | 'provision-repeated'
  | 'plan-changed'
  | 'renamed'
  | 'deprovisioned'
  | 'missing-at-heroku'
  | 'grant-exchanged'
  | 'grant-lost'
  | 'access-token-refreshed'
  | 'rotation-requested'
  | RotationEnd
  | 'rotation-stuck'
  | 'rotation-resumed'
  | 'key-held-back'
  | 'filler-published'
  | 'next-switched-on'
  | 'next-switched-off'
  | 'next-announced'
  | 'next-withdrawn'
  | 'keys-erased'
  | 'keys-revoked'
  | 'data-key-renewed'
  | 'schedule-paused'
  | 'schedule-resumed'
  | 'grace-period-changed'
  | 'windows-changed'
  | 'freeze-added'
  | 'freeze-removed'
  | 'config-repaired'
  | 'config-gone'
  | 'config-foreign'
  | 'row-put-back'
  | 'adoption-requested'
  | 'config-adopted'
  | 'keys-replaced'
  | 'signed-in'
  | 'signed-out'
  | 'sessions-ended'
  | 'key-revealed'
  | 'history-downloaded'
  | 'token-made'
  | 'tokens-ended'
  | 'tokens-disabled'
  | 'keys-read'
  | 'client-enrolled'
  | 'clients-ended'
  | 'hand-over-switched-on'
  | 'hand-over-switched-off'
  | 'client-first-asked'
  | 'keys-handed-over'
  | 'client-came-back'
  | 'log-switched-on'
  | 'log-switched-off'
  | 'unusual-access'
  | 'unusual-access-known'
  | 'own-key-suspended'
  | 'own-key-restored'
  | 'own-key-lost'
  | 'webhook-added'
  | 'webhook-removed'
  | 'webhook-secret-replaced'
  | 'webhook-switched-off'
  | 'webhook-switched-on'
  | 'mail-address-added'
  | 'mail-address-confirmed'
  | 'mail-address-removed'
  | 'token-life-changed'
  | 'fork-code-made'
  | 'fork-code-ended'
  | 'forked'
  | 'privatelink-created'
  | 'privatelink-accounts-changed'
  | 'privatelink-destroyed'
  | 'privatelink-operational'
  | 'privatelink-failed'
  | 'privatelink-connection-available'
  | 'privatelink-connection-ended'

/** How a rotation can end: its key signs, a revoke took its place, or the add-on was removed. */
export type RotationEnd = 'rotated' | 'rotation-superseded' | 'rotation-cancelled'

export const ROTATION_ENDS: readonly RotationEnd[] = ['rotated', 'rotation-superseded', 'rotation-cancelled']

/** A key by its version number and its fingerprint: safe to show. */
export type NamedKey = { version: number; fingerprint: string }

/** Facts beside the fixed ones: short texts, numbers and dates. Never a key, token, sealed value or body. */
export type HistoryDetails = Readonly<Record<string, string | number | boolean | null>>

/** Of a rotation: why, when it was due and opened, and the date after it. */
export type RotationFacts = { reason: RotationReason; dueAt: Date; openedAt: Date; nextRotationAt?: Date }

/** One thing that happened, as it is written. `actor` is who caused it: of a rotation, who asked for it. */
export type HistoryEvent = {
  at: Date
  kind: HistoryKind
  actor: Actor
  rotation?: RotationFacts
  /** The key, and the filler, that came to be with it or that it is about. */
  key?: NamedKey
  filler?: NamedKey
  /** When these were made and stored, and when Heroku confirmed them. */
  madeAt?: Date
  publishedAt?: Date
  /** The versions that were erased with it. */
  erased?: readonly number[]
  /** How often it was tried, and the newest of the failures on the way. */
  attempts?: number
  failures?: readonly Failure[]
  details?: HistoryDetails
}

/** The same, as it stands in the history of its add-on. */
export type HistoryRow = HistoryEvent & { seq: number }
