import { createHmac, timingSafeEqual } from 'node:crypto'
import { tokenKey } from './derived-key.ts'
import type { Key } from './secure-key.ts'

/** A token that is well formed; whether a key of ours made it is another question. */
export type Token = { kid: string; exp: number; text: string; signed: string; mac: Buffer }

const LONGEST_TOKEN = 12_288
export const LONGEST_TEXT_BYTES = 8_192
const TOKEN = /^sk1\.([0-9a-f]{8})\.([1-9][0-9]{0,10})\.([A-Za-z0-9_-]*)\.([A-Za-z0-9_-]{43})$/
const HALF_CHARACTER = /\p{Surrogate}/u

/** Whether it is a text of whole characters: half of one would come back as another text. */
export function isText(value: unknown): value is string {
  return typeof value === 'string' && !HALF_CHARACTER.test(value)
}

/** `sk1.<kid>.<exp>.<base64url of the text>.<base64url of the mac>`, good for one purpose until `exp` (Unix seconds). */
export function writeToken(key: Key, purpose: string, text: string, exp: number): string {
  const signed = `sk1.${key.kid}.${exp}.${Buffer.from(text).toString('base64url')}`
  return `${signed}.${macOf(key, purpose, signed).toString('base64url')}`
}

/** Reads a token of exactly that form, each part spelt in the one way that `writeToken` spells it. */
export function readToken(value: unknown): Token | undefined {
  if (typeof value !== 'string' || value.length > LONGEST_TOKEN) return undefined
  const [, kid, exp, encoded, encodedMac] = TOKEN.exec(value) ?? []
  if (kid === undefined || exp === undefined || encoded === undefined || encodedMac === undefined)
    return undefined
  const bytes = decoded(encoded)
  const mac = decoded(encodedMac)
  if (!bytes || !mac || bytes.length > LONGEST_TEXT_BYTES) return undefined
  const text = bytes.toString()
  if (!Buffer.from(text).equals(bytes)) return undefined
  return { kid, exp: Number(exp), text, signed: value.slice(0, value.lastIndexOf('.')), mac }
}

/** Whether this key made the token for this purpose; takes the same time wherever the first difference is. */
export function isMadeBy(key: Key, purpose: string, { signed, mac }: Token): boolean {
  return timingSafeEqual(macOf(key, purpose, signed), mac)
}

function macOf(key: Key, purpose: string, signed: string): Buffer {
  return createHmac('sha256', tokenKey(key.bytes, purpose)).update(signed).digest()
}

/** Of the many spellings that a lenient decoder takes, only the canonical one. */
function decoded(text: string): Buffer | undefined {
  const bytes = Buffer.from(text, 'base64url')
  return bytes.toString('base64url') === text ? bytes : undefined
}
