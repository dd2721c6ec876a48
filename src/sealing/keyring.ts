import { SecurekeyError } from '../domain/errors.ts'
import { unverifiedKeyId } from './compact-jwe.ts'
import { createSealingKey, openBytes, SEALING_KEY_BYTES, type SealingKey, sealBytes } from './envelope.ts'

const DEK_COLUMN = 'wrapped_dek'

/** A key-encryption key. It wraps data keys and nothing else; a customer's own KMS key can stand in its place. */
export type Kek = {
  id: string
  wrap: (resourceId: string, dek: Uint8Array) => Promise<string>
  unwrap: (resourceId: string, wrapped: string) => Promise<Uint8Array>
}

/** A KEK held in memory, from the 32 bytes of a `SEALING_KEYS` entry. */
export function createLocalKek(id: string, bytes: Uint8Array): Kek {
  const key = createSealingKey(id, bytes)
  return {
    id,
    wrap: async (resourceId, dek) => sealBytes(key, { resourceId, column: DEK_COLUMN }, dek),
    unwrap: async (resourceId, wrapped) => openBytes(key, { resourceId, column: DEK_COLUMN }, wrapped),
  }
}

export type Keyring = {
  primaryId: string
  /** A fresh data key for a resource, ready for use, and its wrapped form for the database. */
  createDek: (resourceId: string) => Promise<{ dek: SealingKey; wrapped: string }>
  /** The data key of a resource, whichever listed KEK wrapped it. */
  openDek: (resourceId: string, wrapped: string) => Promise<SealingKey>
  /** The same data key wrapped by the primary KEK; undefined when it already is. */
  rewrap: (resourceId: string, wrapped: string) => Promise<string | undefined>
}

/** The KEKs of `SEALING_KEYS`: the first is primary and wraps, every one of them unwraps. */
export function createKeyring(keks: readonly Kek[], random: (bytes: number) => Buffer): Keyring {
  const [primary] = keks
  if (!primary) throw new RangeError('a keyring has at least one KEK')

  async function unwrap(resourceId: string, wrapped: string): Promise<Uint8Array> {
    const id = unverifiedKeyId(wrapped) ?? ''
    const kek = keks.find((candidate) => candidate.id === id)
    if (!kek) {
      throw new SecurekeyError('sealed-value-unreadable', 'A stored secret could not be opened.', {
        detail: `the data key of resource ${resourceId} was wrapped by KEK "${id}", which SEALING_KEYS does not list`,
      })
    }
    return await kek.unwrap(resourceId, wrapped)
  }

  return {
    primaryId: primary.id,
    async createDek(resourceId) {
      const bytes = random(SEALING_KEY_BYTES)
      return { dek: createSealingKey(resourceId, bytes), wrapped: await primary.wrap(resourceId, bytes) }
    },
    async openDek(resourceId, wrapped) {
      return createSealingKey(resourceId, await unwrap(resourceId, wrapped))
    },
    async rewrap(resourceId, wrapped) {
      if (unverifiedKeyId(wrapped) === primary.id) return undefined
      return await primary.wrap(resourceId, await unwrap(resourceId, wrapped))
    },
  }
}
