import { SecurekeyError } from '../domain/errors.ts'
import { isOwnKey } from '../domain/own-key-arn.ts'
import { isSameDek, type NoticeDek, type WrappedDek } from '../domain/wrapped-dek.ts'
import type { NoticeColumn, NoticeSealer, ResourceSealer, SealedColumn } from '../sealing/sealing.ts'
import type { Trx } from '../store/database.ts'
import type { Resource } from '../store/resources.ts'
import { findSealedValues, replaceSealedValues, type SealedValues } from '../store/sealed-values.ts'
import type { Deps } from './deps.ts'

/** A fresh data key for a resource, and the one whose place it takes. */
export type FreshDek = {
  dek: WrappedDek
  sealer: ResourceSealer
  notices: NoticeSealer
  former: { dek: WrappedDek; sealer: ResourceSealer; notices: NoticeSealer }
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
  const former = {
    dek: present,
    sealer: await deps.sealing.forResource(resourceId, present),
    notices: await deps.sealing.forNotices(resourceId, present),
  }
  const ownKey = isOwnKey(present.kekId) ? present.kekId : undefined
  const { sealer, dek } = await deps.sealing.forNewResource(resourceId, ownKey)
  return { sealer, dek, notices: await deps.sealing.forNotices(resourceId, dek), former }
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
  whenUnreadable: WhenUnreadable,
): Promise<boolean> {
  if (!isSameDek(fresh.former.dek, resource.dek)) return false
  const values = await findSealedValues(trx, resource.id)
  await replaceSealedValues(trx, resource.id, sealedAnew(values, fresh, whenUnreadable), fresh.dek)
  return true
}

/**
 * The same for what leads to people alone, of an add-on whose first data key a customer's own key wraps: that is not needed.
 * False: it is not the one that was to be replaced any more.
 */
export async function renewNoticeDek(
  deps: Pick<Deps, 'sealing'>,
  trx: Trx,
  resource: Resource,
  present: NoticeDek,
): Promise<boolean> {
  const { id, dek } = resource
  if (!dek?.notices?.wrapped.equals(present.wrapped)) return false
  const fresh = { ...dek, notices: await deps.sealing.newNoticeDek(id) }
  const former = await deps.sealing.forNotices(id, dek)
  const notices = await deps.sealing.forNotices(id, fresh)
  const values = await findSealedValues(trx, id)
  const anew = noticesAnew(values, { notices, former: { notices: former } }, 'throw')
  await replaceSealedValues(trx, id, { ...values, ...anew }, fresh)
  return true
}

type WhenUnreadable = 'throw' | 'leave'

function sealedAnew(values: SealedValues, fresh: FreshDek, whenUnreadable: WhenUnreadable): SealedValues {
  const { sealer, former } = fresh
  const text = (column: SealedColumn, sealed: Buffer | null) =>
    sealed && anew(sealed, () => sealer.seal(column, former.sealer.open(column, sealed)), whenUnreadable)
  return {
    keys: values.keys.map((key) => {
      const { version } = key
      const seal = () => sealer.sealKey(version, former.sealer.openKey(version, key.sealed))
      return { ...key, sealed: anew(key.sealed, seal, whenUnreadable) }
    }),
    code: text('sealed_code', values.code),
    accessToken: text('sealed_access_token', values.accessToken),
    refreshToken: text('sealed_refresh_token', values.refreshToken),
    ...noticesAnew(values, fresh, whenUnreadable),
  }
}

function noticesAnew(
  { logInputUrl, webhooks, mailAddresses }: SealedValues,
  fresh: { notices: NoticeSealer; former: { notices: NoticeSealer } },
  whenUnreadable: WhenUnreadable,
): Pick<SealedValues, 'logInputUrl' | 'webhooks' | 'mailAddresses'> {
  const text = (column: NoticeColumn, sealed: Buffer) =>
    anew(sealed, () => fresh.notices.seal(column, fresh.former.notices.open(column, sealed)), whenUnreadable)
  return {
    logInputUrl: logInputUrl && text('sealed_log_input_url', logInputUrl),
    webhooks: webhooks.map(({ id, sealed }) => ({ id, sealed: text('sealed_webhook', sealed) })),
    mailAddresses: mailAddresses.map(({ id, sealed }) => ({ id, sealed: text('sealed_address', sealed) })),
  }
}

function anew(sealed: Buffer, seal: () => Buffer, whenUnreadable: WhenUnreadable): Buffer {
  try {
    return seal()
  } catch (error) {
    if (whenUnreadable === 'leave' && error instanceof SecurekeyError) return sealed
    throw error
  }
}
