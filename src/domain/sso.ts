import { createHash, timingSafeEqual } from 'node:crypto'
import { parseResourceId } from './resource-id.ts'

/** The fields of a sign-on form as they came, checked by nobody yet. */
export type SignOnFields = Readonly<Record<string, unknown>>

/** A sign-on that is right by formula and by time. Whether it was used before and whom it reaches is asked elsewhere. */
export type SignOn = {
  /** Lower-case id of the resource that the token is about. */
  resourceId: string
  /** Present only when the token covers them; the two SHA-1 tokens vouch for nobody. */
  user: { id: string; email: string } | null
  /** SHA-256 of the token that was checked: what is remembered as used. */
  digest: Buffer
  /** SHA-256 of weaker tokens that stood in the same form, so that none of them makes a second login. */
  weakerDigests: Buffer[]
  /** From then on the token is too old by itself. */
  expiresAt: Date
}

/** For the log alone: the page that refuses never says which part was wrong. */
export type SignOnProblem = 'no-resource' | 'no-timestamp' | 'wrong-token' | 'too-old' | 'too-early'

/** Older tokens are refused (Add-on Single Sign-on, 2014; Kensa probes with six minutes). */
const OLDEST_MS = 5 * 60_000
/** Heroku's clock may be ahead of ours by this much. */
const FURTHEST_AHEAD_MS = 60_000

const LONGEST_FIELD = 320

/**
 * Checks a sign-on form. The user-scoped token must match when it is present, else the resource token, else the v1
 * pair (Add-on Single Sign-on); a weaker token never stands in for a stronger one that is wrong.
 */
export function checkSignOn(
  fields: SignOnFields,
  salt: string,
  now: Date,
): { signOn: SignOn } | { problem: SignOnProblem } {
  const scoped = fields.user_scoped_resource_token
  const v3 = scoped !== undefined || fields.resource_token !== undefined
  const id = plainText(v3 ? fields.resource_id : fields.id)
  const timestamp = plainText(fields.timestamp)
  if (id === undefined) return { problem: 'no-resource' }
  if (timestamp === undefined || !/^[0-9]{1,11}$/.test(timestamp)) return { problem: 'no-timestamp' }

  const resourceToken = resourceTokenOf(id, salt, timestamp)
  const user = { id: plainText(fields.user_id) ?? '', email: plainText(fields.email) ?? '' }
  const [given, expected] =
    scoped !== undefined
      ? [scoped, userScopedTokenOf(id, salt, timestamp, user)]
      : [fields.resource_token ?? fields.token, resourceToken]
  if (!sameText(given, expected)) return { problem: 'wrong-token' }

  const ageMs = now.getTime() - Number(timestamp) * 1_000
  if (ageMs > OLDEST_MS) return { problem: 'too-old' }
  if (ageMs < -FURTHEST_AHEAD_MS) return { problem: 'too-early' }
  return {
    signOn: {
      resourceId: id.toLowerCase(),
      user: scoped === undefined || user.id === '' ? null : user,
      digest: sha256(expected),
      weakerDigests: scoped === undefined ? [] : [sha256(resourceToken)],
      expiresAt: new Date(Number(timestamp) * 1_000 + OLDEST_MS),
    },
  }
}

/** Which resource a form claims to be about, whoever made it. */
export function claimedResourceId({ resource_id, id }: SignOnFields): string | undefined {
  const claimed = resource_id ?? id
  return typeof claimed === 'string' ? parseResourceId(claimed) : undefined
}

/** `sha1(id:salt:timestamp)`: the v3 `resource_token`, and with the provider's id the v1 `token`. */
function resourceTokenOf(id: string, salt: string, timestamp: string): string {
  return createHash('sha1').update(`${id}:${salt}:${timestamp}`).digest('hex')
}

/** `sha256(resource_id:salt:timestamp:user_id:email)`, the only token that vouches for a user. */
function userScopedTokenOf(
  id: string,
  salt: string,
  timestamp: string,
  user: { id: string; email: string },
): string {
  return createHash('sha256').update(`${id}:${salt}:${timestamp}:${user.id}:${user.email}`).digest('hex')
}

/**
 * A field as text. The formulas join fields with colons, so one that holds a colon could be read as two, and
 * a control character stands in none; a field
 * that was sent twice is a list. Neither is ever right.
 */
function plainText(field: unknown): string | undefined {
  if (typeof field !== 'string' || field.length > LONGEST_FIELD || /[:\p{Cc}]/u.test(field)) return undefined
  return field === '' ? undefined : field
}

/** Constant-time also for texts of different length: digests have one length. */
function sameText(given: unknown, expected: string): boolean {
  return typeof given === 'string' && timingSafeEqual(sha256(given), sha256(expected))
}

function sha256(text: string): Buffer {
  return createHash('sha256').update(text, 'utf8').digest()
}
