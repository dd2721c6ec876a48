import { hash, timingSafeEqual } from 'node:crypto'

/**
 * What stands in `Authorization: Bearer`: an API token, what a person got who signed on by the command line, or the secret
 * of an enrolled client. And the code of a fork, which is of the same form and stands in an option of `addons:create`.
 */
export type BearerKind = 'api' | 'cli' | 'client' | 'fork'

const KINDS: readonly BearerKind[] = ['api', 'cli', 'client', 'fork']

export const BEARER_ID_BYTES = 8
export const BEARER_SECRET_BYTES = 32

/** 32 bytes are at most 50 digits of base 36. */
const SECRET_DIGITS = 50
const CHECK_DIGITS = 8
const FORM = /^sk_(?<kind>[a-z]+)_(?<id>[0-9a-f]{16})_[0-9a-z]{58}$/

/**
 * The text of a bearer: `sk_<kind>_<id>_<secret><check>`. The check is the first eight hex digits of the SHA-256 of all
 * that stands before it, so that scanners find such texts without asking us, and a typing error is seen at once.
 */
export function bearerText(kind: BearerKind, id: Uint8Array, secret: Uint8Array): string {
  if (id.length !== BEARER_ID_BYTES || secret.length !== BEARER_SECRET_BYTES) {
    throw new RangeError('a bearer is made of an id of 8 bytes and a secret of 32')
  }
  const digits = BigInt(`0x${Buffer.from(secret).toString('hex')}`)
    .toString(36)
    .padStart(SECRET_DIGITS, '0')
  const text = `sk_${kind}_${Buffer.from(id).toString('hex')}_${digits}`
  return `${text}${checkOf(text)}`
}

/** The kind and id of a bearer and the digest of its whole text; undefined for a text that is none of this service. */
export function readBearer(text: string): { kind: BearerKind; id: string; digest: Buffer } | undefined {
  const found = FORM.exec(text)?.groups
  const kind = KINDS.find((each) => each === found?.kind)
  if (kind === undefined || found?.id === undefined) return undefined
  const { id } = found
  const [body, check] = [text.slice(0, -CHECK_DIGITS), text.slice(-CHECK_DIGITS)]
  return checkOf(body) === check ? { kind, id, digest: hash('sha256', text, 'buffer') } : undefined
}

const ID = /^[0-9a-f]{16}$/

/** Whether a text has the form of the id of a bearer. The handle of a session has the same. */
export function isBearerId(text: string): boolean {
  return ID.test(text)
}

/** Whether two digests are the same. Compares in constant time. */
export function isSameDigest(a: Buffer, b: Buffer): boolean {
  return a.length === b.length && timingSafeEqual(a, b)
}

function checkOf(text: string): string {
  return hash('sha256', text, 'hex').slice(0, CHECK_DIGITS)
}
