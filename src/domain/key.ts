import { hash } from 'node:crypto'

/** A key is 32 random bytes, written as 64 upper-case hex digits: what the original add-on handed out. */
export const KEY_BYTES = 32

const KEY_PATTERN = /^[0-9A-F]{64}$/

/** The text of a key from exactly 32 random bytes. */
export function keyFromBytes(bytes: Uint8Array): string {
  if (bytes.length !== KEY_BYTES) throw new RangeError(`a key is made of ${KEY_BYTES} bytes`)
  return Buffer.from(bytes).toString('hex').toUpperCase()
}

/** The bytes of a key's text. */
export function keyBytes(text: string): Buffer {
  if (!isKey(text)) throw new RangeError('not a key')
  return Buffer.from(text, 'hex')
}

/** Whether the text could be a key of this service at all. */
export function isKey(text: string): boolean {
  return KEY_PATTERN.test(text)
}

/** SHA-256 of the key's text: what is compared and looked up, so that the key itself stays sealed. */
export function keyDigest(key: string): Buffer {
  return hash('sha256', key, 'buffer')
}

/** First 8 hex digits of the digest: safe to show and to log. */
export function fingerprintOf(digest: Buffer): string {
  return digest.toString('hex', 0, 4)
}
