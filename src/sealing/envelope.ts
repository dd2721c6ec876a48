import { CompactEncrypt, type CryptoKey, compactDecrypt } from 'jose'
import { SecurekeyError } from '../domain/errors.ts'

/** Where a sealed value belongs. It stands in the protected header, so a value copied to another row does not open. */
export type Place = { resourceId: string; column: string; version?: number }

/** A symmetric key for sealing: 256 bits, held as a WebCrypto key that cannot be exported again. */
export type SealingKey = { id: string; cryptoKey: CryptoKey }

export const SEALING_KEY_BYTES = 32

/** Makes a sealing key of exactly 32 bytes. `id` is written into every value that it seals. */
export async function importSealingKey(id: string, bytes: Uint8Array<ArrayBuffer>): Promise<SealingKey> {
  if (bytes.length !== SEALING_KEY_BYTES) throw new RangeError('a sealing key has 32 bytes')
  const cryptoKey = await crypto.subtle.importKey('raw', bytes, 'AES-GCM', false, ['encrypt', 'decrypt'])
  return { id, cryptoKey }
}

/** Seals bytes as a compact JWE, `dir` with `A256GCM` (RFC 7516, RFC 7518 sections 4.5 and 5.3). */
export async function sealBytes(key: SealingKey, place: Place, plaintext: Uint8Array): Promise<string> {
  return await new CompactEncrypt(plaintext)
    .setProtectedHeader({ alg: 'dir', enc: 'A256GCM', kid: key.id, ...placeHeader(place) })
    .encrypt(key.cryptoKey)
}

/** Opens a value that `sealBytes` made for the same place; throws `sealed-value-unreadable` for any other. */
export async function openBytes(key: SealingKey, place: Place, sealed: string): Promise<Uint8Array> {
  const { plaintext, protectedHeader } = await decrypt(key, place, sealed)
  const expected = placeHeader(place)
  const bound =
    protectedHeader.kid === key.id &&
    protectedHeader.res === expected.res &&
    protectedHeader.col === expected.col &&
    protectedHeader.ver === expected.ver
  if (!bound) throw unreadable(place, 'it was sealed for another place')
  return plaintext
}

async function decrypt(key: SealingKey, place: Place, sealed: string) {
  try {
    return await compactDecrypt(sealed, key.cryptoKey, {
      keyManagementAlgorithms: ['dir'],
      contentEncryptionAlgorithms: ['A256GCM'],
    })
  } catch (cause) {
    throw unreadable(place, 'wrong sealing key, or the value was altered', cause)
  }
}

function placeHeader(place: Place) {
  return { res: place.resourceId, col: place.column, ver: place.version ?? 0 }
}

function unreadable(place: Place, why: string, cause?: unknown): SecurekeyError {
  return new SecurekeyError('sealed-value-unreadable', 'A stored secret could not be opened.', {
    detail: `${place.column} of resource ${place.resourceId}: ${why}`,
    cause,
  })
}
