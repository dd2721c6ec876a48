import { createHash, timingSafeEqual } from 'node:crypto'

/** A session id is 32 random bytes, written as 43 characters of base64url. */
export const SESSION_ID_BYTES = 32

/** A session that nobody used for so long has ended. */
export const SESSION_IDLE_MS = 30 * 60_000
/** No session is older: a working day. Heroku's page signs on again by one click. */
export const SESSION_LIFE_MS = 8 * 3_600_000

/** Whether the text could be a session id of this service at all. */
export function isSessionId(text: string): boolean {
  return /^[A-Za-z0-9_-]{43}$/.test(text)
}

/** SHA-256 of a session id: all that is stored of it. */
export function sessionDigest(sessionId: string): Buffer {
  return createHash('sha256').update(sessionId, 'utf8').digest()
}

/**
 * The token that each form of a session carries. It is made of the session id by a one-way function, so it is bound
 * to that session, needs no storage, and gives nothing of the id away.
 */
export function formToken(sessionId: string): string {
  return createHash('sha256').update(`form token of ${sessionId}`, 'utf8').digest('base64url')
}

/** Whether a form was made for this session. Compares in constant time. */
export function isFormToken(given: unknown, sessionId: string): boolean {
  if (typeof given !== 'string') return false
  return timingSafeEqual(sessionDigest(given), sessionDigest(formToken(sessionId)))
}
