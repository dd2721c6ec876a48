import { createHmac } from 'node:crypto'
import { keyText } from './rings.ts'

/** The parts of a token, and the version of the key that makes its mac. */
export type Parts = { version: number; kid: string; exp: string | number; text: string; purpose: string }

/** A token of any parts with a right mac, made without the library and without an HKDF of a library. */
export function forge({ version, kid, exp, text, purpose }: Parts): string {
  const body = `sk1.${kid}.${exp}.${text}`
  const extracted = hmac(Buffer.alloc(32), Buffer.from(keyText(version), 'hex'))
  const key = hmac(extracted, `securekey/sk1/${purpose}\u0001`)
  return `${body}.${hmac(key, body).toString('base64url')}`
}

function hmac(key: Buffer, data: Buffer | string): Buffer {
  return createHmac('sha256', key).update(data).digest()
}
