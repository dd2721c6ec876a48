import { createHmac, type KeyObject, timingSafeEqual } from 'node:crypto'
import { macKeyOf } from './mac-key.ts'

/**
 * The witness at Heroku: a MAC by which this service knows again what it published itself, though its own database
 * may be older than that (a restored backup), or somebody else's hand was in it.
 */
export type Witness = {
  /** `<id of the KEK>.<43 digits of base64url>`, made under the primary KEK. */
  sign: (text: string) => string
  /** Whether a listed KEK made this MAC of this text. */
  holds: (text: string, mac: string) => boolean
}

const PURPOSE = 'keyring witness'

/** `keks` are the entries of `SEALING_KEYS`, the first of them primary. Their bytes are used for nothing but HKDF here. */
export function createWitness(keks: readonly { id: string; bytes: Uint8Array }[]): Witness {
  const keys = keks.map(({ id, bytes }) => ({ id, key: macKeyOf(bytes, PURPOSE) }))
  const [primary] = keys
  if (!primary) throw new RangeError('a witness needs at least one KEK')
  return {
    sign: (text) => `${primary.id}.${macOf(primary.key, text).toString('base64url')}`,
    holds(text, mac) {
      // An id may hold dots, a MAC never does.
      const dot = mac.lastIndexOf('.')
      const maker = keys.find(({ id }) => id === mac.slice(0, dot))
      if (!maker) return false
      const given = Buffer.from(mac.slice(dot + 1), 'base64url')
      const made = macOf(maker.key, text)
      return given.length === made.length && timingSafeEqual(given, made)
    },
  }
}

function macOf(key: KeyObject, text: string): Buffer {
  return createHmac('sha256', key).update(text).digest()
}
