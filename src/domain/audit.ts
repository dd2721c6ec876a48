/** Who caused a change of state. A person is known by Heroku's user id, and only if the sign-on token covered it. */
export type Actor =
  | { type: 'heroku' }
  | { type: 'worker' }
  | { type: 'operator' }
  | { type: 'person'; userId: string | null; email: string | null; verified: boolean; address: string | null }

/** Every change of state that leaves an audit row. */
export type AuditAction =
  | 'resource-provisioned'
  | 'plan-changed'
  | 'resource-deprovisioned'
  | 'resource-missing-at-heroku'
  | 'grant-exchanged'
  | 'grant-lost'
  | 'access-token-refreshed'
  | 'rotation-requested'
  | 'key-created'
  | 'key-promoted'
  | 'key-retired'
  | 'filler-created'
  | 'filler-published'
  | 'rotation-attempt-failed'
  | 'rotation-stuck'
  | 'rotation-resumed'
  | 'keys-revoked'
  | 'schedule-paused'
  | 'schedule-resumed'
  | 'grace-period-changed'
  | 'config-repaired'
  | 'config-differs'
  | 'dashboard-signed-in'
  | 'dashboard-signed-out'
  | 'key-revealed'
  | 'audit-downloaded'

/** Facts beside the fixed columns: short texts, numbers and dates. Never a key, token, sealed value or body. */
export type AuditDetails = Readonly<Record<string, string | number | boolean | null>>

/** One row of the audit trail. */
export type AuditEvent = {
  resourceId: string
  at: Date
  actor: Actor
  action: AuditAction
  version?: number
  fingerprint?: string
  details?: AuditDetails
}
