import { createCipheriv, createDecipheriv } from 'node:crypto'
import type { KmsKey } from './keys.ts'
import { KmsError } from './kms-error.ts'

export type Context = Readonly<Record<string, string>>

const CIPHER = 'aes-256-gcm'
const NONCE_BYTES = 12
const TAG_BYTES = 16

/** A blob that names its key and the material: ARN, a zero byte, the number of the material, nonce, tag, ciphertext. */
export function encrypt(
  key: KmsKey,
  plaintext: Buffer,
  context: Context,
  random: (bytes: number) => Buffer,
): Buffer {
  const number = key.materials.length - 1
  const nonce = random(NONCE_BYTES)
  const cipher = createCipheriv(CIPHER, materialOf(key, number), nonce)
  cipher.setAAD(boundTo(key, context))
  const ciphertext = Buffer.concat([cipher.update(plaintext), cipher.final()])
  return Buffer.concat([
    Buffer.from(`${key.arn}\0`),
    Buffer.from([number]),
    nonce,
    cipher.getAuthTag(),
    ciphertext,
  ])
}

/** The ARN of the key that made a blob. Throws `InvalidCiphertextException` for anything else. */
export function arnIn(blob: Buffer): string {
  const end = blob.indexOf(0)
  if (end < 0 || blob.length < end + 2 + NONCE_BYTES + TAG_BYTES) throw invalid()
  return blob.subarray(0, end).toString()
}

/** Opens a blob of this key under the very same context. Throws `InvalidCiphertextException`. */
export function decrypt(key: KmsKey, blob: Buffer, context: Context): Buffer {
  const rest = blob.subarray(arnIn(blob).length + 1)
  try {
    const nonce = rest.subarray(1, 1 + NONCE_BYTES)
    const decipher = createDecipheriv(CIPHER, materialOf(key, rest[0] ?? -1), nonce)
    decipher.setAAD(boundTo(key, context))
    decipher.setAuthTag(rest.subarray(1 + NONCE_BYTES, 1 + NONCE_BYTES + TAG_BYTES))
    return Buffer.concat([decipher.update(rest.subarray(1 + NONCE_BYTES + TAG_BYTES)), decipher.final()])
  } catch {
    throw invalid()
  }
}

function materialOf({ materials }: KmsKey, number: number): Buffer {
  const material = materials[number]
  if (!material) throw invalid()
  return material
}

/** The pairs of a context have no order. */
function boundTo({ arn }: KmsKey, context: Context): Buffer {
  return Buffer.from(JSON.stringify([arn, Object.entries(context).toSorted()]))
}

function invalid(): KmsError {
  return new KmsError('InvalidCiphertextException', 'The ciphertext is invalid, or the context is another')
}
