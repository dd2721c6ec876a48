/** Why a request brought no keys. The words are those of all libraries. */
export type FailureWord =
  | 'too-slow'
  | 'unreachable'
  | 'not-asked'
  | 'redirected'
  | 'too-many-requests'
  | 'refused'
  | 'server-error'
  | 'too-large'
  | 'unreadable'
  | 'older'
  | 'other-key'

/** Why a ring asks no more: the token has ended, or the add-on was removed. */
export type StopCode = 'unauthenticated' | 'resource-gone'

/** Told as warnings: a few failures in a row, keys that were revoked, the end. */
export type RefreshWarning = 'refresh-failing' | 'refresh-revoked' | 'refresh-stopped'

/** `starting`: no answer yet, so the variables count. */
export type RefreshState = 'starting' | 'fresh' | 'failing' | 'revoked' | 'stopped'
