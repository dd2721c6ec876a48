import { SecurekeyError } from '../domain/errors.ts'
import type { WrappedDek } from '../domain/wrapped-dek.ts'
import { createSealingKey, openBytes, SEALING_KEY_BYTES, type SealingKey, sealBytes } from './envelope.ts'
import { createLocalMac, type Mac } from './macs.ts'

const DEK_COLUMN = 'wrapped_dek'

/** A key-encryption key of `SEALING_KEYS`: it wraps data keys, and MACs are made by keys derived from it. */
export type Kek = {
  id: string
  wrap: (resourceId: string, dek: Uint8Array) => Promise<Buffer>
  /** At once where the key is at hand. */
  unwrap: (resourceId: string, wrapped: Buffer) => Buffer | Promise<Buffer>
  mac: Mac
}

/** The other kind: keys of customers, each named by its ARN. They are far away and never seen, and make data keys themselves. */
export type OwnKeks = {
  isOwn: (kekId: string) => boolean
  createDek: (kekId: string, resourceId: string) => Promise<{ dek: SealingKey; wrapped: WrappedDek }>
  openDek: (resourceId: string, wrapped: WrappedDek) => SealingKey | Promise<SealingKey>
}

/** A KEK held in memory, from the 32 bytes of a `SEALING_KEYS` entry. */
export function createLocalKek(id: string, bytes: Uint8Array): Kek {
  const key = createSealingKey(bytes)
  return {
    id,
    wrap: async (resourceId, dek) => sealBytes(key, { resourceId, column: DEK_COLUMN }, dek),
    unwrap: (resourceId, wrapped) => openBytes(key, { resourceId, column: DEK_COLUMN }, wrapped),
    mac: createLocalMac(bytes),
  }
}

export type Keyring = {
  /**
   * A fresh data key for a resource, ready for use, and its wrapped form for the database: by the primary KEK, or by the
   * customer's own key that is named.
   */
  createDek: (resourceId: string, ownKey?: string) => Promise<{ dek: SealingKey; wrapped: WrappedDek }>
  /** The data key of a resource, whichever listed KEK or own key wrapped it. */
  openDek: (resourceId: string, wrapped: WrappedDek) => SealingKey | Promise<SealingKey>
  /** The id of the KEK that wraps. */
  primaryKekId: string
  /**
   * The same data key wrapped by the primary KEK; undefined when that opens it already, or when a customer's own key wraps
   * it: from that there is no way back. Throws when no listed KEK opens it.
   */
  rewrap: (resourceId: string, wrapped: WrappedDek) => Promise<WrappedDek | undefined>
}

/** The KEKs of `SEALING_KEYS`: the first is primary and wraps, every one of them unwraps; and beside them the own keys. */
export function createKeyring(
  keks: readonly Kek[],
  random: (bytes: number) => Buffer,
  ownKeks: OwnKeks,
): Keyring {
  const primary = primaryOf(keks)

  async function wrap(resourceId: string, dek: Uint8Array): Promise<WrappedDek> {
    return { kekId: primary.id, wrapped: await primary.wrap(resourceId, dek) }
  }

  function unwrap(resourceId: string, { kekId, wrapped }: WrappedDek): Buffer | Promise<Buffer> {
    const kek = keks.find(({ id }) => id === kekId)
    if (!kek) {
      throw new SecurekeyError('sealed-value-unreadable', 'A stored secret could not be opened.', {
        detail: `the data key of resource ${resourceId} was wrapped by KEK "${kekId}", which SEALING_KEYS does not list`,
      })
    }
    return kek.unwrap(resourceId, wrapped)
  }

  return {
    primaryKekId: primary.id,
    async createDek(resourceId, ownKey) {
      if (ownKey !== undefined) return await ownKeks.createDek(ownKey, resourceId)
      const bytes = random(SEALING_KEY_BYTES)
      return { dek: createSealingKey(bytes), wrapped: await wrap(resourceId, bytes) }
    },
    openDek(resourceId, wrapped) {
      if (ownKeks.isOwn(wrapped.kekId)) return ownKeks.openDek(resourceId, wrapped)
      const bytes = unwrap(resourceId, wrapped)
      return bytes instanceof Promise ? bytes.then(createSealingKey) : createSealingKey(bytes)
    },
    async rewrap(resourceId, wrapped) {
      if (ownKeks.isOwn(wrapped.kekId)) return undefined
      // Opened in any case: a name alone does not say that this very key wrapped it.
      const dek = await unwrap(resourceId, wrapped)
      return wrapped.kekId === primary.id ? undefined : await wrap(resourceId, dek)
    },
  }
}

function primaryOf(keks: readonly Kek[]): Kek {
  const [primary] = keks
  if (!primary) throw new RangeError('a keyring has at least one KEK')
  return primary
}
