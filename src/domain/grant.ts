import { createHash } from 'node:crypto'

/** A grant code lives five minutes, and is tried for as long after it came, whatever its `expires_at` says. */
const GRANT_LIFE_MS = 5 * 60_000
/** Beyond this an expiry is not believed, since the exchange of a refused code is tried again until then. */
const LONGEST_GRANT_LIFE_MS = 3_600_000

/**
 * Until when a grant code is tried. An expiry that lies in the past, or almost, says more about two clocks than about the
 * code: a code that has expired is refused by Heroku, and trying costs a call. Heroku writes the offset without a colon
 * (`2016-03-03T18:01:31-0800`, Add-on Partner API Reference), which is not RFC 3339 and which `Date` need not read; so the
 * colon is put in first.
 */
export function grantExpiresAt(expiresAt: unknown, now: Date): Date {
  const fallback = new Date(now.getTime() + GRANT_LIFE_MS)
  if (typeof expiresAt !== 'string') return fallback
  const withColon = expiresAt.trim().replace(/([+-][0-9]{2})([0-9]{2})$/, '$1:$2')
  const time = Date.parse(withColon)
  const believed = time > fallback.getTime() && time <= now.getTime() + LONGEST_GRANT_LIFE_MS
  return believed ? new Date(time) : fallback
}

/** SHA-256 of a grant code: by it a code is known again after it was erased. */
export function grantDigest(code: string): Buffer {
  return createHash('sha256').update(code, 'utf8').digest()
}
