import { SecurekeyError } from '../domain/errors.ts'
import type { DekColumn, NoticeDek, WrappedDek } from '../domain/wrapped-dek.ts'
import { createSealingKey, openBytes, SEALING_KEY_BYTES, type SealingKey, sealBytes } from './envelope.ts'
import { createLocalMac, type Mac } from './macs.ts'

/** Where a wrapped data key stands. */
export type DekPlace = { resourceId: string; column: DekColumn }

const WORDS: Record<DekColumn, string> = {
  wrapped_dek: 'the data key',
  notice_dek: 'the data key for notices',
}

/** A key-encryption key of `SEALING_KEYS`: it wraps data keys, and MACs are made by keys derived from it. */
export type Kek = {
  id: string
  wrap: (place: DekPlace, dek: Uint8Array) => Promise<Buffer>
  /** At once where the key is at hand. */
  unwrap: (place: DekPlace, wrapped: Buffer) => Buffer | Promise<Buffer>
  mac: Mac
}

/**
 * The other kind: keys of customers, each named by its ARN. They are far away and never seen, and make data keys themselves.
 */
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
    wrap: async (place, dek) => sealBytes(key, place, dek),
    unwrap: (place, wrapped) => openBytes(key, place, wrapped),
    mac: createLocalMac(bytes),
  }
}

export type Keyring = {
  /**
   * A fresh data key for a resource, ready for use, and its wrapped form for the database: by the primary KEK, or by the
   * customer's own key that is named.
   */
  createDek: (resourceId: string, ownKey?: string) => Promise<{ dek: SealingKey; wrapped: WrappedDek }>
  /** A second data key, for what leads to people: by the primary KEK, whichever wraps the first. */
  createNoticeDek: (resourceId: string) => Promise<NoticeDek>
  openNoticeDek: (resourceId: string, wrapped: NoticeDek) => SealingKey | Promise<SealingKey>
  /** The data key of a resource, whichever listed KEK or own key wrapped it. */
  openDek: (resourceId: string, wrapped: WrappedDek) => SealingKey | Promise<SealingKey>
  /** The id of the KEK that wraps. */
  primaryKekId: string
  /**
   * The same data key wrapped by the primary KEK; undefined when that opens it already, or when a customer's own key wraps
   * it: from that there is no way back. Throws when no listed KEK opens it.
   */
  rewrap: (place: DekPlace, wrapped: WrappedDek) => Promise<WrappedDek | undefined>
}

/** The KEKs of `SEALING_KEYS`: the first is primary and wraps, every one of them unwraps; and beside them the own keys. */
export function createKeyring(
  keks: readonly Kek[],
  random: (bytes: number) => Buffer,
  ownKeks: OwnKeks,
): Keyring {
  const primary = primaryOf(keks)

  async function wrap(place: DekPlace, dek: Uint8Array): Promise<NoticeDek> {
    return { kekId: primary.id, wrapped: await primary.wrap(place, dek) }
  }

  function unwrap(place: DekPlace, { kekId, wrapped }: NoticeDek): Buffer | Promise<Buffer> {
    const kek = keks.find(({ id }) => id === kekId)
    if (!kek) {
      throw new SecurekeyError('sealed-value-unreadable', 'A stored secret could not be opened.', {
        detail: `${WORDS[place.column]} of resource ${place.resourceId} was wrapped by KEK "${kekId}", which SEALING_KEYS does not list`,
      })
    }
    return kek.unwrap(place, wrapped)
  }

  function open(place: DekPlace, wrapped: NoticeDek): SealingKey | Promise<SealingKey> {
    const bytes = unwrap(place, wrapped)
    return bytes instanceof Promise ? bytes.then(createSealingKey) : createSealingKey(bytes)
  }

  return {
    primaryKekId: primary.id,
    async createDek(resourceId, ownKey) {
      if (ownKey !== undefined) return await ownKeks.createDek(ownKey, resourceId)
      const bytes = random(SEALING_KEY_BYTES)
      return { dek: createSealingKey(bytes), wrapped: await wrap(dekOf(resourceId), bytes) }
    },
    createNoticeDek: (resourceId) => wrap(noticeDekOf(resourceId), random(SEALING_KEY_BYTES)),
    openNoticeDek: (resourceId, wrapped) => open(noticeDekOf(resourceId), wrapped),
    openDek(resourceId, wrapped) {
      if (ownKeks.isOwn(wrapped.kekId)) return ownKeks.openDek(resourceId, wrapped)
      return open(dekOf(resourceId), wrapped)
    },
    async rewrap(place, wrapped) {
      if (ownKeks.isOwn(wrapped.kekId)) return undefined
      // Opened in any case: a name alone does not say that this very key wrapped it.
      const dek = await unwrap(place, wrapped)
      return wrapped.kekId === primary.id ? undefined : await wrap(place, dek)
    },
  }
}

function dekOf(resourceId: string): DekPlace {
  return { resourceId, column: 'wrapped_dek' }
}

function noticeDekOf(resourceId: string): DekPlace {
  return { resourceId, column: 'notice_dek' }
}

function primaryOf(keks: readonly Kek[]): Kek {
  const [primary] = keks
  if (!primary) throw new RangeError('a keyring has at least one KEK')
  return primary
}
