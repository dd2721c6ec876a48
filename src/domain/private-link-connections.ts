import type { ConnectionState } from './aws-endpoint.ts'

const WORDS: Readonly<Record<ConnectionState, string>> = {
  pendingacceptance: 'PendingAcceptance',
  pending: 'Pending',
  available: 'Available',
  rejected: 'Rejected',
  failed: 'Failed',
  expired: 'Expired',
  deleting: 'Deleting',
  deleted: 'Deleted',
  partial: 'Partial',
  unknown: 'Unknown',
}

/** The state of an endpoint in AWS's words, with a capital. */
export function connectionWords(state: ConnectionState): string {
  return WORDS[state]
}
