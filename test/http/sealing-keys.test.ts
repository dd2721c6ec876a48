import { sql } from 'kysely'
import { expect, test } from 'vitest'
import { createLocalKek } from '../../src/sealing/keyring.ts'
import { createMacs } from '../../src/sealing/macs.ts'
import { seededBytes } from '../simulator/support/seeded-bytes.ts'
import { type Harness, startHarness } from '../support/harness.ts'
import { callPartnerApi, provisionBody } from './support/partner-call.ts'

const provision = (h: Harness) => callPartnerApi(h.app, { method: 'POST', body: provisionBody() })

test('a process that could not compare its sealing keys at the start does no work before it has', async () => {
  const h = await startHarness()
  // As if the database had been away: what is known of sealing keys cannot be read.
  await sql`alter table keks rename to keks_away`.execute(h.deps.db)
  expect((await provision(h)).status).toBe(500)
  expect(await h.deps.db.selectFrom('resources').selectAll().execute()).toEqual([])
  expect((await h.app.inject({ url: '/healthz' })).statusCode).toBe(200)
  await sql`alter table keks_away rename to keks`.execute(h.deps.db)
  expect((await provision(h)).status).toBe(200)
})

test('one that turns out to have another key of a known name is of no use, and says so', async () => {
  const h = await startHarness()
  const other = createLocalKek('k1', Uint8Array.from(seededBytes('another')(32)))
  const [value] = await createMacs([other]).checkValues()
  const row = { id: 'k1', check_value: value?.checkValue ?? Buffer.alloc(32), first_used_at: h.deps.now() }
  await h.deps.db.insertInto('keks').values(row).execute()
  const { status, json } = await provision(h)
  expect({ status, id: json.id }).toEqual({ status: 503, id: 'wrong-sealing-keys' })
})
