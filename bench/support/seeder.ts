import { randomBytes } from 'node:crypto'
import pg from 'pg'
import { fingerprint, keyDigest, keyFromBytes } from '../../src/domain/key.ts'
import { createLocalKek } from '../../src/sealing/keyring.ts'
import { createSealing } from '../../src/sealing/sealing.ts'
import { accessTokenOf, BENCH_SEALING_KEYS, resourceIdOf } from './bench-resource.ts'
import { serveParent } from './child.ts'

export type SeedOrder = { url: string; from: number; count: number }

const ROWS_PER_STATEMENT = 1_000

// The second place holds a filler, as after provisioning. A rotation erases it unopened, so its blob is a copy.
const INSERT = `
  with given as (
    select * from unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::bytea[], $6::text[])
      as g (id, dek, key, print, digest, token)
  ), resource as (
    insert into resources (id, state, name, plan, rotation_period_seconds, wrapped_dek, created_at)
    select id, 'provisioned', 'securekey-bench', 'fortnightly', 1209600, dek, now() - interval '15 days' from given
  ), keys as (
    insert into key_versions (resource_id, version, stage, filler, fingerprint, sealed_key, digest, created_at, published_at)
    select id, v, case v when 2 then 'current' else 'previous' end, v = 1, print, key, digest,
           now() - interval '15 days', now() - interval '15 days'
      from given, generate_series(1, 2) as v
  ), dates as (
    insert into schedule (resource_id, next_rotation_at, wake_at)
    select id, due, due from given, lateral (select now() - random() * interval '1 day' as due where id is not null) as d
  )
  insert into oauth_tokens (resource_id, sealed_access_token, access_expires_at, sealed_refresh_token)
  select id, token, now() + interval '8 hours', token from given`

/** Stores due resources as provisioning and the grant exchange would have left them; ready when all are stored. */
await serveParent<SeedOrder, null>(async ({ url, from, count }) => {
  const [id = '', base64 = ''] = BENCH_SEALING_KEYS.split(':')
  const kek = createLocalKek(id, Buffer.from(base64, 'base64'))
  const sealing = createSealing([kek], randomBytes)
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  for (let done = 0; done < count; done += ROWS_PER_STATEMENT) {
    const numbers = Array.from(
      { length: Math.min(ROWS_PER_STATEMENT, count - done) },
      (_, i) => from + done + i,
    )
    const rows = await Promise.all(numbers.map((number) => sealedRow(sealing, number)))
    await client.query(INSERT, [
      ...(['id', 'dek', 'key', 'print', 'digest', 'token'] as const).map((name) =>
        rows.map((row) => row[name]),
      ),
    ])
  }
  await client.end()
  return { answer: async () => undefined }
})

async function sealedRow(sealing: ReturnType<typeof createSealing>, number: number) {
  const id = resourceIdOf(number)
  const { sealer, wrappedDek } = await sealing.forNewResource(id)
  const text = keyFromBytes(randomBytes(32))
  const [key, token] = await Promise.all([
    sealer.seal('sealed_key', text, 2),
    sealer.seal('sealed_access_token', accessTokenOf(id)),
  ])
  return { id, dek: wrappedDek, key, print: fingerprint(text), digest: keyDigest(text), token }
}
