import { createHmac, type KeyObject, timingSafeEqual } from 'node:crypto'
import { macKeyOf } from './mac-key.ts'

/** What a MAC is for. Each has a key of its own, so a MAC that was made for one is worth nothing for another. */
export type MacPurpose = 'check value' | 'session' | 'form token' | 'api token' | 'fork code' | 'mailbox'

/** Makes the MAC of a text (HMAC-SHA-256, 32 bytes) by a key that is derived for that purpose. */
export type Mac = (purpose: MacPurpose, text: string) => Buffer | Promise<Buffer>

/** A MAC and the id of the KEK from which its key was derived. */
export type NamedMac = { kekId: string; mac: Buffer }

/** MACs by keys that are derived from the KEKs: whoever has the database alone can make none. */
export type Macs = {
  /** By the first listed KEK. */
  make: (purpose: MacPurpose, text: string) => Promise<NamedMac>
  /** By the KEK of that id. Undefined: it is not listed. */
  makeBy: (kekId: string, purpose: MacPurpose, text: string) => Promise<Buffer | undefined>
  /** Whether a listed KEK made this MAC of this text. Compares in constant time. */
  verify: (purpose: MacPurpose, text: string, given: NamedMac) => Promise<boolean>
  /** Of every listed KEK: tells two keys apart, and gives nothing of them away. */
  checkValues: () => Promise<{ kekId: string; checkValue: Buffer }[]>
}

/** MACs by keys that are derived from the 32 bytes of a KEK. */
export function createLocalMac(bytes: Uint8Array): Mac {
  const keys = new Map<MacPurpose, KeyObject>()
  return (purpose, text) => {
    const key = keys.get(purpose) ?? macKeyOf(bytes, purpose)
    keys.set(purpose, key)
    return createHmac('sha256', key).update(text, 'utf8').digest()
  }
}

/** MACs by the listed KEKs: the first makes, every one of them verifies. */
export function createMacs(keks: readonly { id: string; mac: Mac }[]): Macs {
  const [primary] = keks
  if (!primary) throw new RangeError('there is at least one KEK')

  async function makeBy(kekId: string, purpose: MacPurpose, text: string): Promise<Buffer | undefined> {
    return await keks.find(({ id }) => id === kekId)?.mac(purpose, text)
  }

  return {
    make: async (purpose, text) => ({ kekId: primary.id, mac: await primary.mac(purpose, text) }),
    makeBy,
    async verify(purpose, text, { kekId, mac }) {
      const expected = await makeBy(kekId, purpose, text)
      return expected !== undefined && expected.length === mac.length && timingSafeEqual(expected, mac)
    },
    checkValues: () =>
      Promise.all(
        keks.map(async ({ id, mac }) => ({ kekId: id, checkValue: await mac('check value', 'securekey') })),
      ),
  }
}
