import {
  createHmac,
  createPublicKey,
  diffieHellman,
  generateKeyPairSync,
  hkdfSync,
  type JsonWebKey,
  type KeyObject,
  timingSafeEqual,
} from 'node:crypto'
import { CompactEncrypt, SignJWT } from 'jose'

const KEY_BYTES = 32
const COORDINATE = /^[A-Za-z0-9_-]{43}$/
/** The two kinds of ephemeral key, by the members of their JWK, each of which is a text of ours or a coordinate. */
const CURVES = { 'P-256': ['crv', 'kty', 'x', 'y'], X25519: ['crv', 'kty', 'x'] } as const

/** The public half of a key pair that a client makes for one request. */
export type EphemeralKey = { curve: keyof typeof CURVES; key: KeyObject }

/** What the answer to a client says beside the keyring: see `docs/security.md`. */
export type HandOverClaims = { iss: string; aud: string; nonce: string; iat: number; keyring: object }

/** What is proved and sealed between this service and an enrolled client. Keys are their texts. */
export type ClientSeal = {
  /** Whether whoever holds this key made the MAC (HMAC-SHA-256) of a text. Compares in constant time. */
  isProof: (held: string, text: string, mac: Buffer) => boolean
  /** An ephemeral public key from its JWK; undefined for anything but a point of one of the two curves. */
  readEphemeralKey: (jwk: unknown) => EphemeralKey | undefined
  /**
   * Claims for one client alone: signed by the key that it holds, so that it knows who answers, and encrypted to its
   * ephemeral key, so that whoever gets hold of that key later opens nothing. A compact JWE around a compact JWS.
   */
  seal: (
    to: { ephemeral: EphemeralKey; held: string; kid: string },
    claims: HandOverClaims,
  ) => Promise<string>
}

export function createClientSeal(): ClientSeal {
  return {
    isProof(held, text, mac) {
      const expected = createHmac('sha256', derived(held, 'hand-over')).update(text, 'utf8').digest()
      return expected.length === mac.length && timingSafeEqual(expected, mac)
    },
    readEphemeralKey,
    async seal({ ephemeral, held, kid }, claims) {
      const signed = await new SignJWT({ ...claims })
        .setProtectedHeader({ alg: 'HS256', typ: 'JWT', kid })
        .sign(derived(held, 'hand-over-answer'))
      return await new CompactEncrypt(Buffer.from(signed, 'ascii'))
        .setProtectedHeader({ alg: 'ECDH-ES', enc: 'A256GCM', cty: 'JWT' })
        .encrypt(ephemeral.key)
    },
  }
}

/** The key of one purpose, as the client libraries derive it: `clients/README.md`, "Derived keys". */
function derived(held: string, purpose: string): Buffer {
  const info = `securekey/v1/${purpose}`
  return Buffer.from(hkdfSync('sha256', Buffer.from(held, 'hex'), new Uint8Array(), info, KEY_BYTES))
}

function readEphemeralKey(jwk: unknown): EphemeralKey | undefined {
  if (typeof jwk !== 'object' || jwk === null) return undefined
  const { kty, crv, x, y } = jwk as Record<string, unknown>
  const curve = kty === 'EC' && crv === 'P-256' ? crv : kty === 'OKP' && crv === 'X25519' ? crv : undefined
  if (!curve || Object.keys(jwk).toSorted().join() !== CURVES[curve].join()) return undefined
  if (![x, ...(curve === 'P-256' ? [y] : [])].every(isCoordinate)) return undefined
  try {
    const key = createPublicKey({
      key: { kty, crv, x, ...(curve === 'P-256' && { y }) } as JsonWebKey,
      format: 'jwk',
    })
    // A point of small order gives the same secret with every key: deriving one fails.
    diffieHellman({ privateKey: privateKeyOn(curve), publicKey: key })
    return { curve, key }
  } catch {
    return undefined
  }
}

function privateKeyOn(curve: EphemeralKey['curve']): KeyObject {
  if (curve === 'X25519') return generateKeyPairSync('x25519').privateKey
  return generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey
}

/** 32 bytes, in the one way to write them. */
function isCoordinate(value: unknown): boolean {
  return (
    typeof value === 'string' &&
    COORDINATE.test(value) &&
    Buffer.from(value, 'base64url').toString('base64url') === value
  )
}
