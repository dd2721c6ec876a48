import { expect, test } from 'vitest'
import { createSealingKey, openBytes } from '../../src/sealing/envelope.ts'
import { createLocalKek } from '../../src/sealing/keyring.ts'
import { createSealing, type SealedColumn } from '../../src/sealing/sealing.ts'
import { seededBytes } from '../simulator/support/seeded-bytes.ts'
import { type HarnessWithAddon, startWithAddon } from '../support/addon.ts'
import { allRows } from '../support/all-rows.ts'
import { SEALING_KEY } from '../support/harness.ts'

type SealedValue = { column: SealedColumn; sealed: string; version?: number }

/** The sealed values of a resource with the place that each was sealed for, as an old backup of its rows has them. */
async function sealedValuesOf(h: HarnessWithAddon): Promise<SealedValue[]> {
  const { db } = h.deps
  const keys = await db.selectFrom('key_versions').selectAll().where('resource_id', '=', h.addon.id).execute()
  const tokens = await db.selectFrom('oauth_tokens').selectAll().executeTakeFirstOrThrow()
  return [
    ...keys.map((key) => {
      return { column: 'sealed_key', sealed: key.sealed_key ?? '', version: key.version } as const
    }),
    { column: 'sealed_access_token', sealed: tokens.sealed_access_token },
    { column: 'sealed_refresh_token', sealed: tokens.sealed_refresh_token ?? '' },
  ]
}

test('after deprovision no wrapped data key, sealed value or digest of the resource is left in any table', async () => {
  const h = await startWithAddon()
  const before = await h.deps.db
    .selectFrom('resources')
    .select('wrapped_dek')
    .where('id', '=', h.addon.id)
    .executeTakeFirstOrThrow()
  const sealed = (await sealedValuesOf(h)).map((value) => value.sealed)
  const digests = await h.deps.db.selectFrom('key_versions').select('digest').execute()
  const secrets = [
    before.wrapped_dek ?? '',
    ...sealed,
    ...digests.map((row) => row.digest?.toString('hex') ?? ''),
  ]
  expect(secrets.every((secret) => secret.length > 40)).toBe(true)
  const present = async () => {
    const text = (await allRows(h.deps.db)).join('\n')
    return secrets.filter((secret) => text.includes(secret))
  }
  expect(await present()).toEqual(secrets)

  await h.heroku.customer.destroy({ addon: h.addon.name })
  expect(await present()).toEqual([])
})

test('sealed values from an old copy of the rows do not open after deprovision, not even with the KEK', async () => {
  const h = await startWithAddon()
  const values = await sealedValuesOf(h)
  await h.heroku.customer.createApp('service-2')
  await h.heroku.customer.createAddon({ app: 'service-2', plan: 'daily' })
  await h.heroku.customer.destroy({ addon: h.addon.name })

  const kekBytes = Uint8Array.from(Buffer.from(SEALING_KEY.slice('k1:'.length), 'base64'))
  const kekAsDataKey = createSealingKey(h.addon.id, kekBytes)
  const sealing = createSealing([createLocalKek('k1', kekBytes)], seededBytes('sealing'))
  const remaining = await h.deps.db
    .selectFrom('resources')
    .select(['id', 'wrapped_dek'])
    .where('wrapped_dek', 'is not', null)
    .execute()
  expect(remaining).toHaveLength(1)
  for (const value of values) {
    const place = { resourceId: h.addon.id, ...value }
    expect(() => openBytes(kekAsDataKey, place, value.sealed)).toThrow()
    for (const { id, wrapped_dek } of remaining) {
      const sealer = await sealing.forResource(id, wrapped_dek ?? '')
      await expect(sealer.open(value.column, value.sealed, value.version)).rejects.toThrow()
    }
  }
})
