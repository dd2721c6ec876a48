import { badPurpose, isPurpose } from './derived-key.ts'
import { allowedLife } from './life.ts'
import { type Ring, signingKey } from './ring.ts'
import { SecureKeyError } from './secure-key-error.ts'
import { isText, LONGEST_TEXT_BYTES, writeToken } from './token.ts'

/** A token of the last second that the form can name is far away; a clock beyond it is none. */
const LAST_SECOND = 99_999_999_999

/** Signs with the key that is right for this life. What is wrong is judged in the order that all libraries share. */
export function signToken(
  ring: Ring,
  nowMs: number,
  text: unknown,
  asked: { purpose: unknown; expiresIn: unknown } | undefined,
): { token: string; kid: string } {
  const { purpose, expiresIn } = asked ?? {}
  if (!isPurpose(purpose)) throw badPurpose()
  if (!isText(text)) throw new SecureKeyError('bad-text', 'What is signed is a text of whole characters')
  if (Buffer.byteLength(text) > LONGEST_TEXT_BYTES) {
    throw new SecureKeyError('text-too-long', `A text has ${LONGEST_TEXT_BYTES} bytes at most`)
  }
  const exp = Math.floor(nowMs / 1_000) + allowedLife(expiresIn, ring.guaranteedLifeS)
  if (!(exp >= 1 && exp <= LAST_SECOND)) {
    throw new SecureKeyError('bad-option', 'The clock tells no time', { place: 'now' })
  }
  const key = signingKey(ring, nowMs, exp * 1_000)
  return { token: writeToken(key, purpose, text, exp), kid: key.kid }
}
