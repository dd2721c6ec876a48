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
  // Of the hand-over alone: the clocks differ, the nonce was used, somebody else answers, the program did not store the keys.
  | 'clock'
  | 'replayed'
  | 'forged'
  | 'not-stored'

/** Why a ring asks no more: the token has ended, the add-on was removed, or the hand-over was refused. */
export type StopCode =
  | 'unauthenticated'
  | 'resource-gone'
  | 'not-authenticated'
  | 'hand-over-off'
  | 'previous-key-after-latest'

/** Told as warnings: a few failures in a row, keys that were revoked, the end. */
export type RefreshWarning = 'refresh-failing' | 'refresh-revoked' | 'refresh-stopped'

/** `starting`: no answer yet, so the variables count. */
export type RefreshState = 'starting' | 'fresh' | 'failing' | 'revoked' | 'stopped'
