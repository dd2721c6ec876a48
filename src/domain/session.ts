import { createHash, timingSafeEqual } from 'node:crypto'
import type { Person } from './actor.ts'

/** A session id is 32 random bytes, written as 43 characters of base64url. */
export const SESSION_ID_BYTES = 32

/** A session that nobody used for so long has ended. */
export const SESSION_IDLE_MS = 30 * 60_000
/** No session is older, however busy. Heroku's page signs on again by one click. */
export const SESSION_LIFE_MS = 90 * 60_000

/** The command line signs on anew for each command, so what it gets is good for one and no more. */
export const COMMAND_LINE_LIFE_MS = 15 * 60_000

/** Who holds the id of a session: a browser in its cookie, or the command line in its memory. */
export type SessionHolder = 'browser' | 'command-line'

/** What a session says, all but the time of its last use. */
export type SessionFacts = {
  resourceId: string
  signOnDigest: Buffer
  madeFor: SessionHolder
  userId: string | null
  email: string | null
  verified: boolean
  createdAt: Date
  endsAt: Date
}

/** Whether the text could be a session id of this service at all. */
export function isSessionId(text: string): boolean {
  return /^[A-Za-z0-9_-]{43}$/.test(text)
}

/** SHA-256 of a session id: all that is stored of it. */
export function sessionDigest(sessionId: string): Buffer {
  return createHash('sha256').update(sessionId, 'utf8').digest()
}

/** The one text that stands for a session, of which its MAC is made: no two sessions have the same. */
export function sessionText(idDigest: Buffer, facts: SessionFacts): string {
  const { resourceId, signOnDigest, madeFor, userId, email, verified, createdAt, endsAt } = facts
  return JSON.stringify([
    idDigest.toString('hex'),
    resourceId,
    signOnDigest.toString('hex'),
    madeFor,
    userId,
    email,
    verified,
    createdAt.getTime(),
    endsAt.getTime(),
  ])
}

const HANDLE_BYTES = 8

/** What names a session and opens nothing: the beginning of the digest of its id. */
export function sessionHandle(idDigest: Buffer): string {
  return idDigest.subarray(0, HANDLE_BYTES).toString('hex')
}

/** The person of a session, who asks from this address. */
export function personOf(session: SessionFacts & { idDigest: Buffer }, address: string | null): Person {
  const { userId, email, verified, madeFor, idDigest } = session
  const person = { type: 'person', userId, email, verified, address } as const
  return madeFor === 'browser' ? person : { ...person, commandLine: sessionHandle(idDigest) }
}

/** Whether a form carries the token that is expected. Compares in constant time. */
export function isFormToken(given: unknown, expected: string): boolean {
  return typeof given === 'string' && timingSafeEqual(sessionDigest(given), sessionDigest(expected))
}
