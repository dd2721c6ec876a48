/** Why a rotation was opened. */
export type RotationReason = 'scheduled' | 'manual' | 'plan-change' | 'revoke'
