import type { WrappedDek } from '../domain/wrapped-dek.ts'
import type { Trx } from './database.ts'
import { findSealedMailAddresses, replaceSealedMailAddress } from './mail-addresses.ts'
import { findKeys, type StoredKey } from './sealed-keys.ts'
import { listWebhooks, replaceWebhookSeal } from './webhooks.ts'

/** Every sealed value of a live resource. */
export type SealedValues = {
  keys: StoredKey[]
  code: Buffer | null
  accessToken: Buffer | null
  refreshToken: Buffer | null
  logInputUrl: Buffer | null
  webhooks: { id: string; sealed: Buffer }[]
  mailAddresses: { id: string; sealed: Buffer }[]
}

/** Reads them under the lock of the resource's row, so that none is written meanwhile. */
export async function findSealedValues(trx: Trx, resourceId: string): Promise<SealedValues> {
  const keys = await findKeys(trx, resourceId)
  const row = await trx
    .selectFrom('resources')
    .leftJoin('oauth_grants', 'oauth_grants.resource_id', 'resources.id')
    .leftJoin('oauth_tokens', 'oauth_tokens.resource_id', 'resources.id')
    .select(['sealed_log_input_url', 'sealed_code', 'sealed_access_token', 'sealed_refresh_token'])
    .where('resources.id', '=', resourceId)
    .executeTakeFirst()
  return {
    keys,
    code: row?.sealed_code ?? null,
    accessToken: row?.sealed_access_token ?? null,
    refreshToken: row?.sealed_refresh_token ?? null,
    logInputUrl: row?.sealed_log_input_url ?? null,
    webhooks: (await listWebhooks(trx, resourceId)).map(({ id, sealed }) => ({ id, sealed })),
    mailAddresses: await findSealedMailAddresses(trx, resourceId),
  }
}

/**
 * Puts a resource under a fresh data key: all its values as they were sealed anew, and that key. Rows of keys never
 * change, so they are deleted and inserted. Under the lock of the resource's row; its revision must be raised with it.
 */
export async function replaceSealedValues(
  trx: Trx,
  resourceId: string,
  values: SealedValues,
  dek: WrappedDek,
): Promise<void> {
  const { keys, code, accessToken, refreshToken, logInputUrl, webhooks, mailAddresses } = values
  await trx
    .updateTable('resources')
    .set({
      kek_id: dek.kekId,
      wrapped_dek: dek.wrapped,
      former_kek_id: null,
      notice_kek_id: dek.notices?.kekId ?? null,
      notice_dek: dek.notices?.wrapped ?? null,
      former_notice_kek_id: null,
      sealed_log_input_url: logInputUrl,
    })
    .where('id', '=', resourceId)
    .execute()
  await trx.deleteFrom('sealed_keys').where('resource_id', '=', resourceId).execute()
  if (keys.length > 0) {
    const rows = keys.map(({ version, createdAt: created_at, digest, sealed }) => {
      return { resource_id: resourceId, version, created_at, digest, sealed }
    })
    await trx.insertInto('sealed_keys').values(rows).execute()
  }
  if (code) {
    await trx
      .updateTable('oauth_grants')
      .set({ sealed_code: code })
      .where('resource_id', '=', resourceId)
      .execute()
  }
  if (accessToken) {
    await trx
      .updateTable('oauth_tokens')
      .set({ sealed_access_token: accessToken, sealed_refresh_token: refreshToken })
      .where('resource_id', '=', resourceId)
      .execute()
  }
  for (const { id, sealed } of webhooks) await replaceWebhookSeal(trx, id, sealed)
  for (const each of mailAddresses) await replaceSealedMailAddress(trx, each)
}
