import { expect, test } from 'vitest'
import { createSealingKey, openBytes } from '../../src/sealing/envelope.ts'
import { createLocalKek } from '../../src/sealing/keyring.ts'
import { createSealing, type SealedColumn } from '../../src/sealing/sealing.ts'
import { listWrappedDeks } from '../../src/store/wrapped-deks.ts'
import { seededBytes } from '../simulator/support/seeded-bytes.ts'
import { type HarnessWithAddon, startWithAddon } from '../support/addon.ts'
import { allRows } from '../support/all-rows.ts'
import { SEALING_KEY } from '../support/harness.ts'

type SealedValue = { column: SealedColumn | 'sealed'; sealed: Buffer; version?: number }

/** The sealed values of a resource with the place that each was sealed for, as an old backup of its rows has them. */
async function sealedValuesOf(h: HarnessWithAddon): Promise<SealedValue[]> {
  const { db } = h.deps
  const keys = await db.selectFrom('sealed_keys').selectAll().where('resource_id', '=', h.addon.id).execute()
  const tokens = await db.selectFrom('oauth_tokens').selectAll().executeTakeFirstOrThrow()
  if (!tokens.sealed_refresh_token) throw new Error('there is no refresh token')
  return [
    ...keys.map(({ sealed, version }) => ({ column: 'sealed', sealed, version }) as const),
    { column: 'sealed_access_token', sealed: tokens.sealed_access_token },
    { column: 'sealed_refresh_token', sealed: tokens.sealed_refresh_token },
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
  const digests = await h.deps.db.selectFrom('sealed_keys').select('digest').execute()
  const secrets = [before.wrapped_dek, ...sealed, ...digests.map(({ digest }) => digest)].map(
    (secret) => secret?.toString('hex') ?? '',
  )
  expect(secrets).toHaveLength(7)
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
  const kekAsDataKey = createSealingKey(kekBytes)
  const sealing = createSealing([createLocalKek('k1', kekBytes)], seededBytes('sealing'))
  const remaining = await listWrappedDeks(h.deps.db, { limit: 10 })
  expect(remaining).toHaveLength(1)
  for (const { column, sealed, version = 0 } of values) {
    const place = { resourceId: h.addon.id, column, version }
    expect(() => openBytes(kekAsDataKey, place, sealed)).toThrow()
    for (const { resourceId, dek } of remaining) {
      const sealer = await sealing.forResource(resourceId, dek)
      const open = () => (column === 'sealed' ? sealer.openKey(version, sealed) : sealer.open(column, sealed))
      expect(open).toThrow()
    }
  }
})
