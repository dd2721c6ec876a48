import { SecurekeyError } from '../domain/errors.ts'
import { isOwnKey } from '../domain/own-key-arn.ts'
import type { WrappedDek } from '../domain/wrapped-dek.ts'
import type { ResourceSealer, SealedColumn } from '../sealing/sealing.ts'
import type { Trx } from '../store/database.ts'
import type { Resource } from '../store/resources.ts'
import { findSealedValues, replaceSealedValues, type SealedValues } from '../store/sealed-values.ts'
import type { Deps } from './deps.ts'

/** A fresh data key for a resource, and the one whose place it takes. */
export type FreshDek = {
  dek: WrappedDek
  sealer: ResourceSealer
  former: { dek: WrappedDek; sealer: ResourceSealer }
}

/**
 * Makes a data key, before the transaction that takes it into use: a KEK may be far away. What a customer's own key has
 * wrapped it wraps again. Throws `sealed-value-unreadable` when the present one does not open, and what says that an own
 * key cannot be used.
 */
export async function makeFreshDek(
  deps: Pick<Deps, 'sealing'>,
  resourceId: string,
  present: WrappedDek,
): Promise<FreshDek> {
  const former = { dek: present, sealer: await deps.sealing.forResource(resourceId, present) }
  const ownKey = isOwnKey(present.kekId) ? present.kekId : undefined
  return { ...(await deps.sealing.forNewResource(resourceId, ownKey)), former }
}

/**
 * Seals every value of a locked resource anew under a fresh data key: whoever has opened the former one opens nothing
 * that is stored from now on. The caller raises the revision, so that a worker which is at the resource sees it.
 * False: the data key is no longer the one that was to be replaced, and nothing was written. `whenUnreadable`: what
 * happens to a value that does not open, `throw` or `leave` it as it is.
 */
export async function renewDataKey(
  trx: Trx,
  resource: Resource,
  fresh: FreshDek,
  whenUnreadable: 'throw' | 'leave',
): Promise<boolean> {
  if (!resource.dek?.wrapped.equals(fresh.former.dek.wrapped)) return false
  const values = await findSealedValues(trx, resource.id)
  await replaceSealedValues(trx, resource.id, sealedAnew(values, fresh, whenUnreadable), fresh.dek)
  return true
}

function sealedAnew(values: SealedValues, fresh: FreshDek, whenUnreadable: 'throw' | 'leave'): SealedValues {
  const { sealer, former } = fresh
  const anew = (sealed: Buffer, seal: () => Buffer): Buffer => {
    try {
      return seal()
    } catch (error) {
      if (whenUnreadable === 'leave' && error instanceof SecurekeyError) return sealed
      throw error
    }
  }
  const text = (column: SealedColumn, sealed: Buffer | null) =>
    sealed && anew(sealed, () => sealer.seal(column, former.sealer.open(column, sealed)))
  return {
    keys: values.keys.map((key) => ({
      ...key,
      sealed: anew(key.sealed, () =>
        sealer.sealKey(key.version, former.sealer.openKey(key.version, key.sealed)),
      ),
    })),
    code: text('sealed_code', values.code),
    accessToken: text('sealed_access_token', values.accessToken),
    refreshToken: text('sealed_refresh_token', values.refreshToken),
    logInputUrl: text('sealed_log_input_url', values.logInputUrl),
    webhooks: values.webhooks.map(({ id, sealed }) => ({
      id,
      sealed: anew(sealed, () => sealer.seal('sealed_webhook', former.sealer.open('sealed_webhook', sealed))),
    })),
    mailAddresses: values.mailAddresses.map(({ id, sealed }) => ({
      id,
      sealed: text('sealed_address', sealed) ?? sealed,
    })),
  }
}
