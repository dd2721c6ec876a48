import type { Answer, NoAnswer } from '../refresh/ask.ts'
import { jsonOf } from '../refresh/json-of.ts'
import { contradiction, keysOf, type NamedKeys, type Outcome, type Revoked } from '../refresh/judge.ts'
import type { FailureWord, StopCode } from '../refresh/words.ts'
import type { Ring } from '../ring.ts'

/** What an answer asks of the client, before what is in it is opened. */
export type Said =
  | { says: 'handed-over'; jwe: string }
  | { says: 'settled'; outcome: Outcome }
  /** The clock of the service, in milliseconds: sign by it, and ask again. */
  | { says: 'clock'; serverMs: number }
  | { says: 'replayed' }

const STOPS: readonly StopCode[] = ['not-authenticated', 'hand-over-off', 'previous-key-after-latest']
const PROBLEM = 'urn:securekey:problem:'

/** The bodies that say what is wrong are read as well. */
export function readsBody(status: number): boolean {
  return status === 200 || status === 401 || status === 403
}

/** Judges an answer of the hand-over. What it says of keys is not believed yet: it may have been made by anybody. */
export function judgeHandOver(answer: Answer | NoAnswer, ring: Ring): Said {
  if (typeof answer === 'string') return failed(answer)
  const { status, body } = answer
  if (status === 410) return stopped('resource-gone')
  if (status === 304) return failed('not-asked')
  if (status >= 300 && status < 400) return failed('redirected')
  if (status === 429) return failed('too-many-requests')
  if (status === 401 || status === 403) return refusal(answer)
  if (status >= 400 && status < 500) return failed('refused')
  if (status !== 200) return failed('server-error')
  if (body === undefined) return failed('too-large')
  const told = jsonOf(answer, 'application/json')
  if (told?.status === 'handed-over' && typeof told.jwe === 'string')
    return { says: 'handed-over', jwe: told.jwe }
  const isLatest = told?.status === 'already-latest' && told.kid === ring.first.kid
  return isLatest ? settled({ is: 'unchanged' }) : failed('unreadable')
}

/** The keys in an opened answer, if they are right and can be true. */
export function judgeKeys(
  opened: unknown,
  held: { ring: Ring; revoked: Revoked | undefined },
): { keys: NamedKeys } | { failure: FailureWord } {
  const keys = keysOf(typeof opened === 'object' && opened !== null ? { ...opened } : undefined)
  if (!keys) return { failure: 'unreadable' }
  const untrue = contradiction(keys, held.ring, held.revoked)
  return untrue ? { failure: untrue } : { keys }
}

function refusal(answer: Answer): Said {
  const problem = jsonOf(answer, 'application/problem+json')
  const type = typeof problem?.type === 'string' ? problem.type : ''
  const word = type.startsWith(PROBLEM) ? type.slice(PROBLEM.length) : ''
  const code = STOPS.find((each) => each === word)
  if (code) return stopped(code)
  if (word === 'replayed') return { says: 'replayed' }
  if (word === 'clock' && typeof problem?.server_time === 'string') {
    const serverMs = Date.parse(problem.server_time)
    if (!Number.isNaN(serverMs)) return { says: 'clock', serverMs }
  }
  // A 401 of something that stands before the service says nothing about the client.
  return failed('refused')
}

function settled(outcome: Outcome): Said {
  return { says: 'settled', outcome }
}

function failed(word: FailureWord): Said {
  return settled({ is: 'failed', word })
}

function stopped(code: StopCode): Said {
  return settled({ is: 'stopped', code })
}
