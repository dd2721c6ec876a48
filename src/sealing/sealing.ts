import { openBytes, type SealingKey, sealBytes } from './envelope.ts'
import { createKeyring, type Kek } from './keyring.ts'

/** Every column that holds a sealed value; the name is bound into the value. */
export type SealedColumn =
  | 'sealed_key'
  | 'sealed_code'
  | 'sealed_access_token'
  | 'sealed_refresh_token'
  | 'sealed_log_input_url'

/** Seals and opens the secrets of one resource under its data key. `version` is given for keys only. */
export type ResourceSealer = {
  seal: (column: SealedColumn, plaintext: string, version?: number) => Promise<string>
  open: (column: SealedColumn, sealed: string, version?: number) => Promise<string>
}

export type Sealing = {
  /** A sealer for a new resource, and the wrapped data key to store with it. */
  forNewResource: (resourceId: string) => Promise<{ sealer: ResourceSealer; wrappedDek: string }>
  /** The sealer of a stored resource; throws `sealed-value-unreadable` when no listed KEK opens its data key. */
  forResource: (resourceId: string, wrappedDek: string) => Promise<ResourceSealer>
  /** The wrapped data key under the primary KEK; undefined when it already is. */
  rewrap: (resourceId: string, wrappedDek: string) => Promise<string | undefined>
}

/** Envelope encryption over a list of KEKs, the first of them primary (design: sealing). */
export function createSealing(keks: readonly Kek[], random: (bytes: number) => Buffer): Sealing {
  const keyring = createKeyring(keks, random)
  return {
    async forNewResource(resourceId) {
      const { dek, wrapped } = await keyring.createDek(resourceId)
      return { sealer: sealerOf(resourceId, dek), wrappedDek: wrapped }
    },
    async forResource(resourceId, wrappedDek) {
      return sealerOf(resourceId, await keyring.openDek(resourceId, wrappedDek))
    },
    rewrap: keyring.rewrap,
  }
}

const encoder = new TextEncoder()
const decoder = new TextDecoder()

function sealerOf(resourceId: string, dek: SealingKey): ResourceSealer {
  // What this sealer has sealed itself it need not decrypt: the same sealed text holds the same value. It is asked
  // back once, when it has been stored, and a sealer lives no longer than its group of claims.
  const own = new Map<string, { column: SealedColumn; version: number | undefined; plaintext: string }>()
  return {
    async seal(column, plaintext, version) {
      const sealed = sealBytes(dek, place(resourceId, column, version), encoder.encode(plaintext))
      own.set(sealed, { column, version, plaintext })
      return sealed
    },
    async open(column, sealed, version) {
      const known = own.size === 0 ? undefined : own.get(sealed)
      if (known && known.column === column && known.version === version) return known.plaintext
      return decoder.decode(openBytes(dek, place(resourceId, column, version), sealed))
    },
  }
}

function place(resourceId: string, column: SealedColumn, version: number | undefined) {
  return version === undefined ? { resourceId, column } : { resourceId, column, version }
}
