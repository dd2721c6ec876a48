import { createHmac, hash, hkdfSync } from 'node:crypto'

/**
 * The few formulas behind the vectors, written down a second time from clients/README.md. Nothing here comes from a client
 * library, so that an error in one of them is not an error of the vectors too.
 */

/** The key id of a key's text. */
export function kidOf(text: string): string {
  return hash('sha256', text).slice(0, 8)
}

/** HKDF-SHA256 of a key's bytes, without a salt. */
export function hkdf(keyText: string, info: string, length: number): Buffer {
  return Buffer.from(hkdfSync('sha256', Buffer.from(keyText, 'hex'), '', info, length))
}

/** The key that `derive` returns. */
export function derivedKey(keyText: string, purpose: string, length: number): Buffer {
  return hkdf(keyText, `securekey/v1/${purpose}`, length)
}

/** What a token is made of. `text` may be any bytes, also those of no text. */
export type TokenParts = {
  key: string
  purpose: string
  text: string | Buffer
  /** Unix seconds. */
  exp: number
}

/** A token as `sign` makes it. */
export function tokenOf({ key, purpose, text, exp }: TokenParts): string {
  return withMac(`sk1.${kidOf(key)}.${exp}.${Buffer.from(text).toString('base64url')}`, key, purpose)
}

/** Any text with the MAC that a token of that key would have. */
export function withMac(signed: string, key: string, purpose: string): string {
  const mac = createHmac('sha256', hkdf(key, `securekey/sk1/${purpose}`, 32)).update(signed)
  return `${signed}.${mac.digest('base64url')}`
}

/** Any text with a MAC by these bytes. */
export function withMacBy(signed: string, macKey: Buffer | string): string {
  return `${signed}.${createHmac('sha256', macKey).update(signed).digest('base64url')}`
}
