import { SecurekeyError } from '../domain/errors.ts'
import { createJweKey, type JweKey } from './compact-jwe.ts'

/** Where a sealed value belongs. It stands in the protected header, so a value copied to another row does not open. */
export type Place = { resourceId: string; column: string; version?: number }

/** A symmetric key for sealing: 256 bits that cannot be taken out again. */
export type SealingKey = { id: string; jwe: JweKey }

export const SEALING_KEY_BYTES = 32

/** Makes a sealing key of exactly 32 bytes. `id` is written into every value that it seals. */
export function createSealingKey(id: string, bytes: Uint8Array): SealingKey {
  if (bytes.length !== SEALING_KEY_BYTES) throw new RangeError('a sealing key has 32 bytes')
  return { id, jwe: createJweKey(bytes) }
}

/** Seals bytes as a compact JWE, `dir` with `A256GCM` (RFC 7516, RFC 7518 sections 4.5 and 5.3). */
export function sealBytes(key: SealingKey, place: Place, plaintext: Uint8Array): string {
  return key.jwe.encrypt({ kid: key.id, ...placeHeader(place) }, plaintext)
}

/** Opens a value that `sealBytes` made for the same place; throws `sealed-value-unreadable` for any other. */
export function openBytes(key: SealingKey, place: Place, sealed: string): Uint8Array {
  const { plaintext, header } = decrypt(key, place, sealed)
  const expected = placeHeader(place)
  const bound =
    header.kid === key.id &&
    header.res === expected.res &&
    header.col === expected.col &&
    header.ver === expected.ver
  if (!bound) throw unreadable(place, 'it was sealed for another place')
  return plaintext
}

function decrypt(key: SealingKey, place: Place, sealed: string) {
  try {
    return key.jwe.decrypt(sealed)
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
