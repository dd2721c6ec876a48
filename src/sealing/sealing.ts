import type { NoticeDek, WrappedDek } from '../domain/wrapped-dek.ts'
import { openBytes, type SealingKey, sealBytes } from './envelope.ts'
import { createKeyring, type DekPlace, type Kek, type OwnKeks } from './keyring.ts'
import { NO_OWN_KEKS } from './own-keks.ts'

/** Every column that holds a sealed text; its name is bound into the value. Keys are sealed as bytes: see below. */
export type SealedColumn = 'sealed_code' | 'sealed_access_token' | 'sealed_refresh_token'
/** Those that lead to people, who are to be told even while a customer's own key is away. */
export type NoticeColumn = 'sealed_log_input_url' | 'sealed_webhook' | 'sealed_address'

/** Seals and opens texts of one resource. Opening throws `sealed-value-unreadable`. */
type TextSealer<Column> = {
  seal: (column: Column, text: string) => Buffer
  open: (column: Column, sealed: Buffer) => string
}

/** Seals and opens what leads to the people of one resource. */
export type NoticeSealer = TextSealer<NoticeColumn>

/** Seals and opens the secrets of one resource under its data key. Opening throws `sealed-value-unreadable`. */
export type ResourceSealer = TextSealer<SealedColumn> & {
  /** The 32 bytes of a key version. */
  sealKey: (version: number, bytes: Uint8Array) => Buffer
  openKey: (version: number, sealed: Buffer) => Buffer
}

export type Sealing = {
  /**
   * A sealer for a new resource, and the wrapped data key to store with it. With the ARN of a customer's own key that wraps
   * it: throws `own-key-unusable` or `own-key-unreachable` where it cannot.
   */
  forNewResource: (
    resourceId: string,
    ownKey?: string,
  ) => Promise<{ sealer: ResourceSealer; dek: WrappedDek }>
  /**
   * The sealer of a stored resource. Throws `sealed-value-unreadable` when no listed KEK opens its data key, and where a
   * customer's own key wraps it `own-key-unusable` or `own-key-unreachable`.
   */
  forResource: (resourceId: string, dek: WrappedDek) => ResourceSealer | Promise<ResourceSealer>
  /** What seals what leads to the people of a stored resource. No customer's own key is needed for it, nor asked. */
  forNotices: (resourceId: string, dek: WrappedDek) => NoticeSealer | Promise<NoticeSealer>
  /** A second data key, for the notices of a resource whose first a customer's own key wraps. */
  newNoticeDek: (resourceId: string) => Promise<NoticeDek>
  /** The id of the KEK that wraps new data keys. */
  primaryKekId: string
  /** The wrapped data key under the primary KEK; undefined when that opens it already. Throws when none does. */
  rewrap: (place: DekPlace, dek: WrappedDek) => Promise<WrappedDek | undefined>
}

/** Envelope encryption over a list of KEKs, the first of them primary (decision 4), and over customers' own keys (36). */
export function createSealing(
  keks: readonly Kek[],
  random: (bytes: number) => Buffer,
  ownKeks: OwnKeks = NO_OWN_KEKS,
): Sealing {
  const keyring = createKeyring(keks, random, ownKeks)
  return {
    async forNewResource(resourceId, ownKey) {
      const { dek, wrapped } = await keyring.createDek(resourceId, ownKey)
      const notices = ownKey === undefined ? undefined : await keyring.createNoticeDek(resourceId)
      return { sealer: sealerOf(resourceId, dek), dek: { ...wrapped, ...(notices && { notices }) } }
    },
    forResource(resourceId, wrapped) {
      const dek = keyring.openDek(resourceId, wrapped)
      return dek instanceof Promise ? dek.then((key) => sealerOf(resourceId, key)) : sealerOf(resourceId, dek)
    },
    forNotices(resourceId, wrapped) {
      const { notices } = wrapped
      if (!notices && ownKeks.isOwn(wrapped.kekId))
        throw new Error(`the second data key of resource ${resourceId} was not read`)
      const dek = notices ? keyring.openNoticeDek(resourceId, notices) : keyring.openDek(resourceId, wrapped)
      return dek instanceof Promise ? dek.then((key) => sealerOf(resourceId, key)) : sealerOf(resourceId, dek)
    },
    newNoticeDek: keyring.createNoticeDek,
    primaryKekId: keyring.primaryKekId,
    rewrap: keyring.rewrap,
  }
}

const KEY_COLUMN = 'sealed'

function sealerOf(resourceId: string, dek: SealingKey): ResourceSealer & NoticeSealer {
  return {
    seal: (column, text) => sealBytes(dek, { resourceId, column }, Buffer.from(text)),
    open: (column, sealed) => openBytes(dek, { resourceId, column }, sealed).toString(),
    sealKey: (version, bytes) => sealBytes(dek, { resourceId, column: KEY_COLUMN, version }, bytes),
    openKey: (version, sealed) => openBytes(dek, { resourceId, column: KEY_COLUMN, version }, sealed),
  }
}
