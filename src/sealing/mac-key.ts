import { createSecretKey, hkdfSync, type KeyObject } from 'node:crypto'

const MAC_KEY_BYTES = 32
/** Another form of anything that carries a MAC gets another number. */
const FORM = 1

/**
 * A key for MACs of one purpose, derived from the 32 bytes of a KEK (HKDF-SHA-256, RFC 5869). A MAC that was made for one
 * purpose is worth nothing for another, and gives nothing of the KEK away.
 */
export function macKeyOf(kekBytes: Uint8Array, purpose: string): KeyObject {
  const info = `securekey ${FORM} ${purpose}`
  return createSecretKey(Buffer.from(hkdfSync('sha256', kekBytes, new Uint8Array(), info, MAC_KEY_BYTES)))
}
