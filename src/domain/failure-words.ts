import type { FailureKind } from './heroku-failure.ts'

const WORDS: Readonly<Record<FailureKind, string>> = {
  unauthorized: 'Heroku did not accept our access to this add-on.',
  missing: 'Heroku says this add-on no longer exists.',
  'rate-limited': 'Heroku asked us to slow down.',
  refused: 'Heroku refused to change the config var.',
  unavailable: 'Heroku did not answer in time.',
  mismatch: 'Heroku’s answer did not hold the value we sent.',
  postponed: 'We are waiting for our turn to call Heroku.',
  'refresh-refused': 'Heroku no longer accepts our permission to change this add-on.',
  'no-access-token': 'Heroku never gave us permission to change this add-on: its one-time grant was lost.',
  'held-back': 'We are waiting for our turn to call Heroku.',
  'own-key': 'AWS KMS did not let us use this add-on’s own encryption key.',
  unreadable: 'We could not decrypt a secret stored for this add-on.',
  'not-offered': 'Heroku’s older partner API, which this add-on uses, does not tell us.',
}

/** Why Heroku was not reached, in words that a customer understands. Another release may have written other kinds. */
export function failureWords(kind: FailureKind): string {
  return WORDS[kind] ?? 'An attempt failed.'
}
