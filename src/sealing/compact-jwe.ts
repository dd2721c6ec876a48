import { createCipheriv, createDecipheriv, createSecretKey, randomBytes } from 'node:crypto'

/** A 256-bit key that makes and opens compact JWEs; its bytes cannot be taken out again. */
export type JweKey = {
  encrypt: (header: Readonly<Record<string, unknown>>, plaintext: Uint8Array) => string
  /** Throws on whatever this key did not encrypt, and on any other algorithm. */
  decrypt: (jwe: string) => { header: Record<string, unknown>; plaintext: Buffer }
}

const AES_256_GCM = 'aes-256-gcm'
const IV_BYTES = 12
const TAG_BYTES = 16
const ALGORITHM = { alg: 'dir', enc: 'A256GCM' } as const

/** Header, no encrypted key, 12 bytes of initialisation vector, ciphertext, 16 bytes of tag (RFC 7516, section 7.1). */
const COMPACT = /^([\w-]+)\.\.([\w-]{16})\.([\w-]*)\.([\w-]{22})$/

/**
 * `dir` with `A256GCM` (RFC 7516; RFC 7518, sections 4.5 and 5.3) by node's own AES-GCM, which does the cryptography;
 * here is only the format. Decision 9 says why it does not come from a library.
 */
export function createJweKey(bytes: Uint8Array): JweKey {
  const key = createSecretKey(bytes)
  return {
    encrypt(header, plaintext) {
      const encodedHeader = Buffer.from(JSON.stringify({ ...ALGORITHM, ...header })).toString('base64url')
      // Never a caller's generator: an initialisation vector that comes twice gives the key away.
      const iv = randomBytes(IV_BYTES)
      const cipher = createCipheriv(AES_256_GCM, key, iv, { authTagLength: TAG_BYTES })
      cipher.setAAD(Buffer.from(encodedHeader))
      const ciphertext = cipher.update(plaintext)
      // GCM is a stream mode: nothing is left for the end but the tag.
      cipher.final()
      const parts = [iv, ciphertext, cipher.getAuthTag()].map((part) => part.toString('base64url'))
      return `${encodedHeader}..${parts.join('.')}`
    },
    decrypt(jwe) {
      const [, encodedHeader, iv, ciphertext, tag] = COMPACT.exec(jwe) ?? []
      if (!encodedHeader || !iv || ciphertext === undefined || !tag) {
        throw new Error('not a compact JWE with a direct key')
      }
      const decipher = createDecipheriv(AES_256_GCM, key, decode(iv), {
        authTagLength: TAG_BYTES,
      })
      decipher.setAAD(Buffer.from(encodedHeader))
      decipher.setAuthTag(decode(tag))
      const plaintext = decipher.update(decode(ciphertext))
      // Throws when the tag does not fit; nothing of the plaintext is answered before.
      decipher.final()
      return { header: readHeader(encodedHeader), plaintext }
    },
  }
}

/** The `kid` in the header of a compact JWE, not yet verified: good for choosing the key to try. Undefined without one. */
export function unverifiedKeyId(jwe: string): string | undefined {
  try {
    const { kid } = JSON.parse(Buffer.from(jwe.split('.', 1)[0] ?? '', 'base64url').toString())
    return typeof kid === 'string' ? kid : undefined
  } catch {
    return undefined
  }
}

/** The bytes of a part. Nothing but the one spelling of them is taken: `Buffer` passes over stray signs and spare bits. */
function decode(part: string): Buffer {
  const bytes = Buffer.from(part, 'base64url')
  if (bytes.toString('base64url') !== part) throw new Error('not base64url')
  return bytes
}

function readHeader(encoded: string): Record<string, unknown> {
  const header = JSON.parse(Buffer.from(encoded, 'base64url').toString())
  if (header.alg !== ALGORITHM.alg || header.enc !== ALGORITHM.enc) throw new Error('another algorithm')
  // What changes the meaning of a JWE and is not known here must not be passed over (RFC 7516, section 4.1).
  if ('crit' in header || 'zip' in header) throw new Error('an extension that is not agreed')
  return header
}
