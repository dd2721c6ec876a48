import { SecurekeyError } from '../domain/errors.ts'
import type { WrappedDek } from '../domain/wrapped-dek.ts'
import { createSealingKey, openBytes, SEALING_KEY_BYTES, type SealingKey, sealBytes } from './envelope.ts'

const DEK_COLUMN = 'wrapped_dek'

/** A key-encryption key. It wraps data keys and nothing else; a customer's own KMS key can stand in its place. */
export type Kek = {
  id: string
  wrap: (resourceId: string, dek: Uint8Array) => Promise<Buffer>
  /** At once where the key is at hand. */
  unwrap: (resourceId: string, wrapped: Buffer) => Buffer | Promise<Buffer>
}

/** A KEK held in memory, from the 32 bytes of a `SEALING_KEYS` entry. */
export function createLocalKek(id: string, bytes: Uint8Array): Kek {
  const key = createSealingKey(bytes)
  return {
    id,
    wrap: async (resourceId, dek) => sealBytes(key, { resourceId, column: DEK_COLUMN }, dek),
    unwrap: (resourceId, wrapped) => openBytes(key, { resourceId, column: DEK_COLUMN }, wrapped),
  }
}

export type Keyring = {
  /** A fresh data key for a resource, ready for use, and its wrapped form for the database. */
  createDek: (resourceId: string) => Promise<{ dek: SealingKey; wrapped: WrappedDek }>
  /** The data key of a resource, whichever listed KEK wrapped it. */
  openDek: (resourceId: string, wrapped: WrappedDek) => SealingKey | Promise<SealingKey>
  /** The same data key wrapped by the primary KEK; undefined when it already is. */
  rewrap: (resourceId: string, wrapped: WrappedDek) => Promise<WrappedDek | undefined>
}

/** The KEKs of `SEALING_KEYS`: the first is primary and wraps, every one of them unwraps. */
export function createKeyring(keks: readonly Kek[], random: (bytes: number) => Buffer): Keyring {
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
    async createDek(resourceId) {
      const bytes = random(SEALING_KEY_BYTES)
      return { dek: createSealingKey(bytes), wrapped: await wrap(resourceId, bytes) }
    },
    openDek(resourceId, wrapped) {
      const bytes = unwrap(resourceId, wrapped)
      return bytes instanceof Promise ? bytes.then(createSealingKey) : createSealingKey(bytes)
    },
    async rewrap(resourceId, wrapped) {
      if (wrapped.kekId === primary.id) return undefined
      return await wrap(resourceId, await unwrap(resourceId, wrapped))
    },
  }
}

function primaryOf(keks: readonly Kek[]): Kek {
  const [primary] = keks
  if (!primary) throw new RangeError('a keyring has at least one KEK')
  return primary
}
