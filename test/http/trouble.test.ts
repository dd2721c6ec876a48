import { sql } from 'kysely'
import { describe, expect, onTestFinished, test } from 'vitest'
import { ADDON } from '../../src/config.ts'
import type { Deps } from '../../src/flows/deps.ts'
import { createReadiness } from '../../src/flows/readiness.ts'
import { createApp } from '../../src/http/app.ts'
import { createLogger } from '../../src/logger.ts'
import { createLocalKek } from '../../src/sealing/keyring.ts'
import { createSealing } from '../../src/sealing/sealing.ts'
import { openDatabase } from '../../src/store/database.ts'
import { seededBytes } from '../simulator/support/seeded-bytes.ts'
import { collector, type Harness, PASSWORD, SSO_SALT, startHarness } from '../support/harness.ts'
import { tokenCalls } from '../support/resource.ts'
import { callPartnerApi, provisionBody, provisionOne } from './support/partner-call.ts'

const INTERNAL = { id: 'internal', message: 'Something went wrong on our side. Please try again.' }

/** A web process on the given dependencies, whose clock is so far ahead of the database's, and what it logs. */
async function startApp(deps: Deps, aheadMs = 0) {
  const logLines: string[] = []
  const app = await createApp(deps, {
    credentials: { username: ADDON.id, password: PASSWORD },
    dashboard: { ssoSalt: SSO_SALT, secureCookies: false },
    logger: createLogger({ level: 'trace', process: 'test' }, collector(logLines)),
    readiness: createReadiness(deps, async () => aheadMs),
  })
  onTestFinished(() => app.close())
  return { app, logLines }
}

/** A database that does not answer. */
function unreachable(): Deps['db'] {
  const db = openDatabase({
    url: 'postgres://user:database-password@127.0.0.1:1/none',
    poolSize: 1,
    onIdleError: () => {},
  })
  onTestFinished(() => db.destroy())
  return db
}

describe('500', () => {
  test('without a database tells the caller nothing of it, and the log what it was', async () => {
    const { deps } = await startHarness()
    const { app, logLines } = await startApp({ ...deps, db: unreachable() })
    const calls = [
      { method: 'POST', body: provisionBody() },
      { method: 'PUT', path: `/${provisionBody().uuid}`, body: { plan: 'weekly' } },
      { method: 'DELETE', path: `/${provisionBody().uuid}` },
    ] as const
    for (const call of calls) {
      expect(await callPartnerApi(app, call)).toMatchObject({ status: 500, json: INTERNAL })
    }
    const failed = logLines.filter((line) => line.includes('request failed'))
    expect(failed).toHaveLength(3)
    expect(failed.join('')).toContain('ECONNREFUSED')
    expect(failed.join('')).not.toContain('database-password')
  })

  test('with a data key that does not open names the missing KEK in the log alone', async () => {
    const { app, deps } = await startHarness()
    const uuid = await provisionOne(app)
    const kek = createLocalKek('k2', Uint8Array.from(seededBytes('k2')(32)))
    const other = await startApp({ ...deps, sealing: createSealing([kek], deps.random) })
    expect(await callPartnerApi(other.app, { method: 'POST', body: provisionBody({ uuid }) })).toMatchObject({
      status: 500,
      json: INTERNAL,
    })
    expect(other.logLines.join('')).toContain('wrapped by KEK \\"k1\\"')
  })

  test('of an error that nobody foresaw tells the caller nothing of it', async () => {
    const { deps } = await startHarness()
    const { app, logLines } = await startApp({
      ...deps,
      random: () => {
        throw new TypeError('internal words')
      },
    })
    const answer = await callPartnerApi(app, { method: 'POST', body: provisionBody() })
    expect(answer).toMatchObject({ status: 500, json: INTERNAL })
    expect(logLines.join('')).toContain('internal words')
  })

  test('leaves nothing half made: the repeated request succeeds', async () => {
    const { app, deps } = await startHarness()
    const body = provisionBody()
    const broken = await startApp({ ...deps, db: unreachable() })
    await callPartnerApi(broken.app, { method: 'POST', body })
    expect((await callPartnerApi(app, { method: 'POST', body })).status).toBe(200)
  })
})

describe('503', () => {
  test('of /readyz without a database says so, while /healthz still answers', async () => {
    const { deps } = await startHarness()
    const { app } = await startApp({ ...deps, db: unreachable() })
    const ready = await app.inject('/readyz')
    expect(ready.statusCode).toBe(503)
    expect(ready.json()).toEqual({
      status: 'not ready',
      troubles: ['database'],
      reason: 'the database does not answer',
    })
    expect((await app.inject('/healthz')).statusCode).toBe(200)
  })

  test('of /readyz before the migrations were applied says how many are missing', async () => {
    const { deps } = await startHarness()
    const { app } = await startApp(deps)
    expect((await app.inject('/readyz')).json()).toEqual({ status: 'ready' })
    await deps.db
      .deleteFrom('kysely_migration' as 'resources')
      .where('name', 'like', '0001%')
      .execute()
    const ready = await app.inject('/readyz')
    expect([ready.statusCode, ready.json()]).toEqual([
      503,
      { status: 'not ready', troubles: ['migrations'], reason: '1 migrations are missing' },
    ])
  })
})

const READY = { status: 'ready' }

/** The same database, by connections that may not write, or that have other settings of that kind. */
function readOnly(h: Harness, setting = 'default_transaction_read_only=on'): Deps['db'] {
  const url = new URL(h.databaseUrl)
  url.searchParams.set('options', `-c ${setting}`)
  const db = openDatabase({ url: url.href, poolSize: 1, onIdleError: () => {} })
  onTestFinished(() => db.destroy())
  return db
}

/** Sealing keys that never sealed anything here. */
function otherSealing(deps: Deps): Deps['sealing'] {
  return createSealing([createLocalKek('k2', Uint8Array.from(seededBytes('k2')(32)))], deps.random)
}

describe('/readyz', () => {
  test.each([
    [5_001, "the clock is 5 s ahead of the database's"],
    [-10_800_000, "the clock is 10800 s behind the database's"],
  ])('names a clock that is off by %i ms', async (aheadMs, reason) => {
    const { deps } = await startHarness()
    const { app } = await startApp(deps, aheadMs)
    const ready = await app.inject('/readyz')
    expect([ready.statusCode, ready.json()]).toEqual([
      503,
      { status: 'not ready', troubles: ['clock'], reason },
    ])
  })

  test('says ready with a clock that is five seconds off', async () => {
    const { deps } = await startHarness()
    const { app } = await startApp(deps, -5_000)
    expect((await app.inject('/readyz')).json()).toEqual(READY)
  })

  test('names a database that takes no writes', async () => {
    const h = await startHarness()
    const { app } = await startApp({ ...h.deps, db: readOnly(h) })
    expect((await app.inject('/readyz')).json()).toMatchObject({ troubles: ['read-only'] })
  })

  test('names a database that lets us read, and has taken the right to write from us', async () => {
    const h = await startHarness()
    const { app } = await startApp({ ...h.deps, db: readOnly(h, 'role=pg_read_all_data') })
    expect((await app.inject('/readyz')).json()).toMatchObject({ troubles: ['read-only'] })
  })

  test('names a database that takes no more rows, though it takes updates', async () => {
    const h = await startHarness()
    await sql`create role no_more_rows; grant select, update on all tables in schema public to no_more_rows`.execute(
      h.deps.db,
    )
    onTestFinished(async () => {
      await sql`drop owned by no_more_rows; drop role no_more_rows`.execute(h.deps.db)
    })
    const { app } = await startApp({ ...h.deps, db: readOnly(h, 'role=no_more_rows') })
    expect((await app.inject('/readyz')).json()).toMatchObject({ troubles: ['read-only'] })
  })

  test('is not ready where the database refuses whatever it is asked', async () => {
    const h = await startHarness()
    const { app } = await startApp({ ...h.deps, db: readOnly(h, 'search_path=nowhere') })
    expect((await app.inject('/readyz')).json()).toMatchObject({ troubles: ['database'] })
  })

  test('names sealing keys that do not open what is stored, once anything is', async () => {
    const h = await startHarness()
    const { app } = await startApp({ ...h.deps, sealing: otherSealing(h.deps) })
    expect((await app.inject('/readyz')).json()).toEqual(READY)
    await provisionOne(h.app)
    expect((await app.inject('/readyz')).json()).toMatchObject({ troubles: ['sealing'] })
  })

  test('is ready beside one damaged data key, which is the failure of its add-on', async () => {
    const h = await startHarness()
    const uuids = [await provisionOne(h.app), await provisionOne(h.app)].toSorted()
    await h.deps.db
      .updateTable('resources')
      .set({ wrapped_dek: sql`overlay(wrapped_dek placing '\\xff'::bytea from 20)` })
      .where('id', '=', uuids[0] ?? '')
      .execute()
    const { app } = await startApp(h.deps)
    expect((await app.inject('/readyz')).json()).toEqual(READY)
  })

  test('names a copy of another installation that nobody has confirmed', async () => {
    const h = await startHarness()
    await h.deps.installation.look()
    await h.deps.db.updateTable('installation').set({ addon_url: 'https://elsewhere.example' }).execute()
    const { app } = await startApp(h.deps)
    expect((await app.inject('/readyz')).json()).toMatchObject({
      troubles: ['not-confirmed'],
      reason: 'not confirmed: another ADDON_URL',
    })
  })

  test('names all that is wrong at the same time', async () => {
    const h = await startHarness()
    await provisionOne(h.app)
    await h.deps.db
      .deleteFrom('kysely_migration' as 'resources')
      .where('name', 'like', '0001%')
      .execute()
    const { app } = await startApp({ ...h.deps, db: readOnly(h), sealing: otherSealing(h.deps) }, 60_000)
    expect((await app.inject('/readyz')).json()).toMatchObject({
      troubles: ['clock', 'read-only', 'sealing', 'migrations'],
    })
  })
})

describe('a web process whose clock is more than five seconds off', () => {
  test('provisions nothing, says so to the customer, and stores nothing', async () => {
    const { deps, logLines } = await startHarness()
    const { app } = await startApp(deps, 10_800_000)
    const answer = await callPartnerApi(app, { method: 'POST', body: provisionBody() })
    expect(answer).toMatchObject({
      status: 503,
      json: {
        id: 'not-now',
        message: 'This add-on cannot be created just now. Please try again in a few minutes.',
      },
    })
    expect(await deps.db.selectFrom('resources').selectAll().execute()).toEqual([])
    expect(logLines.join('')).toContain('nothing is provisioned')
  })

  test('still takes plan changes and deprovisions', async () => {
    const h = await startHarness()
    const uuid = await provisionOne(h.app)
    const { app } = await startApp(h.deps, 10_800_000)
    const put = { method: 'PUT', path: `/${uuid}`, body: { plan: 'weekly' } } as const
    expect((await callPartnerApi(app, put)).status).toBe(200)
    expect((await callPartnerApi(app, { method: 'DELETE', path: `/${uuid}` })).status).toBe(204)
  })
})

describe('the answer to a provision request', () => {
  test('does not wait for Heroku: it is there before the exchange of the grant has ended', async () => {
    const h = await startHarness()
    h.heroku.faults.add({ match: { path: '/oauth/token' }, kind: 'latency', ms: 500 })
    await h.heroku.customer.createApp('service-1')
    const addon = await h.heroku.customer.createAddon({ app: 'service-1', plan: 'daily' })
    expect(addon.state).toBe('provisioned')
    const ended = () => tokenCalls(h, 'authorization_code').filter(({ status }) => status !== 'pending')
    expect(ended()).toEqual([])
    await expect.poll(ended).toHaveLength(1)
  })
})
