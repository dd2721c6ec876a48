import type { FailureKind } from '../../../domain/heroku-failure.ts'

const WORDS: Readonly<Record<FailureKind, string>> = {
  unauthorized: 'Heroku did not accept our access to this add-on.',
  missing: 'Heroku says that this add-on no longer exists there.',
  'rate-limited': 'Heroku asked us to slow down.',
  refused: 'Heroku refused to change the config var.',
  unavailable: 'Heroku did not answer, or not in time.',
  mismatch: 'Heroku answered, but not with the value that was sent.',
  postponed: 'We are waiting for our turn to call Heroku.',
  'refresh-refused': 'Heroku no longer accepts our permission to change this add-on.',
  'no-access-token': 'Heroku never gave us permission to change this add-on: its one-time grant was lost.',
  'held-back': 'We are waiting for our turn to call Heroku.',
  unreadable: 'A stored secret of this add-on could not be opened on our side.',
}

/** Why Heroku was not reached, in words that a customer understands. */
export function failureWords(kind: FailureKind): string {
  return WORDS[kind]
}

/** The same for the line that `describeFailure` keeps of a failed attempt; the request id is what support asks for. */
export function storedFailureWords(line: string): { words: string; requestId: string | undefined } {
  const kind = /^[a-z-]+(?=: )/.exec(line)?.[0] ?? ''
  const requestId = /\[request ([^\]]+)\]$/.exec(line)?.[1]
  return { words: isKind(kind) ? WORDS[kind] : 'The attempt failed.', requestId }
}

function isKind(text: string): text is FailureKind {
  return Object.hasOwn(WORDS, text)
}
