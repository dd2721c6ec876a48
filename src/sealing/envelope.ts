import {
  type CipherGCM,
  createCipheriv,
  createDecipheriv,
  createSecretKey,
  type DecipherGCM,
  randomFillSync,
} from 'node:crypto'
import { SecurekeyError } from '../domain/errors.ts'

/** Where a sealed value belongs. It is bound into the value, so one that is copied to another row does not open. */
export type Place = { resourceId: string; column: string; version?: number }

/** A key that seals and opens, and cannot be taken out again. */
export type SealingKey = {
  cipher: (nonce: Uint8Array) => CipherGCM
  decipher: (nonce: Uint8Array) => DecipherGCM
}

export const SEALING_KEY_BYTES = 32

const AES_256_GCM = 'aes-256-gcm'
/** The first byte of every sealed value; another form gets another number. */
const FORMAT = 1
const NONCE_BYTES = 12
const TAG_BYTES = 16
const TAG = { authTagLength: TAG_BYTES }
const NONCE_STARTS_AT = 1
const TEXT_STARTS_AT = NONCE_STARTS_AT + NONCE_BYTES

/** Makes a sealing key of exactly 32 bytes. */
export function createSealingKey(bytes: Uint8Array): SealingKey {
  if (bytes.length !== SEALING_KEY_BYTES) throw new RangeError('a sealing key has 32 bytes')
  // Not handed out itself: a secret `KeyObject` exports its bytes to whoever asks.
  const key = createSecretKey(bytes)
  return {
    cipher: (nonce) => createCipheriv(AES_256_GCM, key, nonce, TAG),
    decipher: (nonce) => createDecipheriv(AES_256_GCM, key, nonce, TAG),
  }
}

/**
 * Seals bytes by AES-256-GCM (NIST SP 800-38D): format, 12 bytes of nonce, ciphertext, 16 bytes of tag, 29 bytes more than
 * what is sealed. docs/sealed-values.md has the form, and a script that opens one.
 */
export function sealBytes(key: SealingKey, place: Place, plaintext: Uint8Array): Buffer {
  const sealed = Buffer.allocUnsafe(TEXT_STARTS_AT + plaintext.length + TAG_BYTES)
  sealed[0] = FORMAT
  // Never a caller's generator: a nonce that comes twice gives the key away.
  const nonce = sealed.subarray(NONCE_STARTS_AT, TEXT_STARTS_AT)
  fillNonce(nonce)
  const cipher = key.cipher(nonce)
  cipher.setAAD(additionalData(place))
  sealed.set(cipher.update(plaintext), TEXT_STARTS_AT)
  // GCM is a stream mode: nothing is left for the end but the tag.
  cipher.final()
  sealed.set(cipher.getAuthTag(), TEXT_STARTS_AT + plaintext.length)
  return sealed
}

/** Opens a value that `sealBytes` made for the same place. Throws `sealed-value-unreadable` for any other. */
export function openBytes(key: SealingKey, place: Place, sealed: Buffer): Buffer {
  if (sealed[0] !== FORMAT) throw unreadable(place, `its format is ${sealed[0] ?? 'missing'}, not ${FORMAT}`)
  const tagStartsAt = sealed.length - TAG_BYTES
  if (tagStartsAt < TEXT_STARTS_AT) throw unreadable(place, 'it is too short')
  try {
    const decipher = key.decipher(sealed.subarray(NONCE_STARTS_AT, TEXT_STARTS_AT))
    decipher.setAAD(additionalData(place))
    decipher.setAuthTag(sealed.subarray(tagStartsAt))
    const plaintext = decipher.update(sealed.subarray(TEXT_STARTS_AT, tagStartsAt))
    // Throws when the tag does not fit; nothing of the plaintext is returned before.
    decipher.final()
    return plaintext
  } catch (cause) {
    throw unreadable(place, 'wrong sealing key, another place, or the value was altered', cause)
  }
}

const nonces = Buffer.allocUnsafeSlow(NONCE_BYTES * 512)
let nextNonceAt = nonces.length

/** Nonces are no secret, and drawn many at a time: alone each costs as much as half a sealing. */
function fillNonce(nonce: Buffer): void {
  if (nextNonceAt === nonces.length) {
    randomFillSync(nonces)
    nextNonceAt = 0
  }
  nonces.copy(nonce, 0, nextNonceAt, nextNonceAt + NONCE_BYTES)
  nextNonceAt += NONCE_BYTES
}

/** No id or name of a column holds a space, so no two places have the same text. */
function additionalData({ resourceId, column, version = 0 }: Place): Buffer {
  return Buffer.from(`securekey ${FORMAT} ${resourceId} ${column} ${version}`)
}

function unreadable(place: Place, why: string, cause?: unknown): SecurekeyError {
  return new SecurekeyError('sealed-value-unreadable', 'A stored secret could not be opened.', {
    detail: `${place.column} of resource ${place.resourceId}: ${why}`,
    cause,
  })
}
