import { generateKeyPairSync, type JsonWebKey, type KeyObject } from 'node:crypto'
import { deriveKey } from '../derived-key.ts'
import type { Key } from '../secure-key.ts'
import { SecureKeyError } from '../secure-key-error.ts'

/** A key pair that is good for one request. */
export type Ephemeral = { epk: JsonWebKey; secret: KeyObject }

/** What an answer must be made for. */
export type AnswerTo = {
  key: Key
  secret: KeyObject
  issuer: string
  audience: string
  nonce: string
  nowMs: number
}

export type OpenAnswer = (jwe: string, to: AnswerTo) => Promise<unknown>

export function ephemeralKey(): Ephemeral {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  return { epk: publicKey.export({ format: 'jwk' }), secret: privateKey }
}

/**
 * What opens an answer: encrypted to the key of this request, and in it signed by a key that is derived from the one that the
 * client holds. So nobody else can read it, and nobody else has made it. Rejects for any other. Throws `missing-package`
 * where the package jose is not installed.
 */
export async function answerOpener(): Promise<OpenAnswer> {
  const { compactDecrypt, jwtVerify } = await loadJose()
  return async (jwe, { key, secret, issuer, audience, nonce, nowMs }) => {
    const { plaintext } = await compactDecrypt(jwe, secret, {
      keyManagementAlgorithms: ['ECDH-ES'],
      contentEncryptionAlgorithms: ['A256GCM'],
    })
    const text = new TextDecoder('utf-8', { fatal: true }).decode(plaintext)
    const { payload, protectedHeader } = await jwtVerify(text, deriveKey(key.bytes, 'hand-over-answer', 32), {
      algorithms: ['HS256'],
      ...{ issuer, audience, currentDate: new Date(nowMs) },
    })
    if (protectedHeader.kid !== key.kid || payload.nonce !== nonce) {
      throw new Error('the answer is one to another request')
    }
    return payload.keyring
  }
}

async function loadJose(): Promise<typeof import('jose')> {
  try {
    return await import('jose')
  } catch {
    throw new SecureKeyError('missing-package', 'The hand-over needs the package jose: npm install jose')
  }
}
