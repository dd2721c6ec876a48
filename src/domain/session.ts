import { createHash, timingSafeEqual } from 'node:crypto'

/** A session id is 32 random bytes, written as 43 characters of base64url. */
export const SESSION_ID_BYTES = 32

/** A session that nobody used for so long has ended. */
export const SESSION_IDLE_MS = 30 * 60_000
/** No session is older, however busy. Heroku's page signs on again by one click. */
export const SESSION_LIFE_MS = 90 * 60_000

/** What a session says, all but the time of its last use. */
export type SessionFacts = {
  resourceId: string
  signOnDigest: Buffer
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
  const { resourceId, signOnDigest, userId, email, verified, createdAt, endsAt } = facts
  return JSON.stringify([
    idDigest.toString('hex'),
    resourceId,
    signOnDigest.toString('hex'),
    userId,
    email,
    verified,
    createdAt.getTime(),
    endsAt.getTime(),
  ])
}

/** Whether a form carries the token that is expected. Compares in constant time. */
export function isFormToken(given: unknown, expected: string): boolean {
  return typeof given === 'string' && timingSafeEqual(sessionDigest(given), sessionDigest(expected))
}
