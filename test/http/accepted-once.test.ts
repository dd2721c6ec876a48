import { randomUUID } from 'node:crypto'
import { sql } from 'kysely'
import { describe, expect, onTestFinished, test } from 'vitest'
import { ADDON } from '../../src/config.ts'
import type { Deps } from '../../src/flows/deps.ts'
import { createApp } from '../../src/http/app.ts'
import { createLogger } from '../../src/logger.ts'
import { findResource } from '../../src/store/resources.ts'
import { collector, HOUR, PASSWORD, SSO_SALT, startHarness } from '../support/harness.ts'
import { callPartnerApi, provisionBody, provisionOne } from './support/partner-call.ts'

/** A web process with other settings, and with a clock that is wrong or right. */
async function webWith(deps: Deps, settings: Partial<Deps['settings']>, clockIsRight = true) {
  const app = await createApp(
    { ...deps, settings: { ...deps.settings, ...settings } },
    {
      credentials: { username: ADDON.id, password: PASSWORD },
      dashboard: { ssoSalt: SSO_SALT, secureCookies: false },
      logger: createLogger({ level: 'trace', process: 'test' }, collector([])),
      readiness: { troubles: async () => [], mayProvision: async () => clockIsRight },
    },
  )
  onTestFinished(() => app.close())
  return app
}

const ONLY_MONTHLY = { plans: [{ name: 'monthly', periodMs: 720 * HOUR }] }
const HIGH_FLOOR = { graceFloorMs: 100 * HOUR }

describe('settings that changed since', () => {
  test.each([
    ['a plan that is offered no more', ONLY_MONTHLY, {}],
    ['a grace period below the floor of today', HIGH_FLOOR, { options: { grace: '48h' } }],
  ])('do not judge a repeated provision request again: %s', async (_what, settings, more) => {
    const { app, deps } = await startHarness()
    const body = provisionBody(more)
    const first = await callPartnerApi(app, { method: 'POST', body })
    const later = await webWith(deps, settings)
    const again = await callPartnerApi(later, { method: 'POST', body })
    expect([again.status, again.json]).toEqual([200, first.json])
    await callPartnerApi(later, { method: 'DELETE', path: `/${body.uuid}` })
    expect((await callPartnerApi(later, { method: 'POST', body })).status).toBe(410)
  })

  test('are what a new request is judged by', async () => {
    const { deps } = await startHarness()
    const later = await webWith(deps, { ...ONLY_MONTHLY, ...HIGH_FLOOR })
    const post = (more: Record<string, unknown>) =>
      callPartnerApi(later, { method: 'POST', body: provisionBody(more) })
    expect((await post({ plan: 'daily' })).status).toBe(422)
    expect((await post({ plan: 'monthly', options: { grace: '48h' } })).status).toBe(422)
  })

  test('let a plan change to the plan that an add-on has succeed, though it is offered no more', async () => {
    const { app, deps } = await startHarness()
    const uuid = await provisionOne(app, { plan: 'daily' })
    const later = await webWith(deps, ONLY_MONTHLY)
    const put = (plan: string) => callPartnerApi(later, { method: 'PUT', path: `/${uuid}`, body: { plan } })
    expect((await put('daily')).status).toBe(200)
    expect((await put('weekly')).status).toBe(422)
  })

  test('do not matter to a process whose clock is wrong: it answers repeats all the same', async () => {
    const { app, deps } = await startHarness()
    const body = provisionBody()
    const first = await callPartnerApi(app, { method: 'POST', body })
    const wrong = await webWith(deps, {}, false)
    expect(await callPartnerApi(wrong, { method: 'POST', body })).toMatchObject({
      status: 200,
      json: first.json,
    })
    expect((await callPartnerApi(wrong, { method: 'POST', body: provisionBody() })).status).toBe(503)
  })
})

describe('a deprovision that overtakes its provision request', () => {
  test('makes the request, when it comes, be answered like any that is gone; nothing is stored of it', async () => {
    const { app, deps } = await startHarness()
    const body = provisionBody()
    const del = { method: 'DELETE', path: `/${body.uuid}` } as const
    expect((await callPartnerApi(app, del)).status).toBe(404)
    expect((await callPartnerApi(app, { method: 'POST', body })).status).toBe(410)
    expect((await callPartnerApi(app, { method: 'POST', body })).status).toBe(410)
    expect((await callPartnerApi(app, { method: 'PUT', path: del.path, body })).status).toBe(410)
    expect((await callPartnerApi(app, del)).status).toBe(410)
    expect(await deps.db.selectFrom('keysets').selectAll().execute()).toEqual([])
    expect(await deps.db.selectFrom('sealed_keys').selectAll().execute()).toEqual([])
  })

  test('waits for a request that is just being stored, and ends what it made', async () => {
    const { app, deps } = await startHarness()
    const body = provisionBody()
    const del = { method: 'DELETE', path: `/${body.uuid}` } as const
    // The first history row of that add-on keeps the statement from its end, when all its other rows are written.
    const held = Promise.withResolvers<never>()
    const locked = Promise.withResolvers<void>()
    const holding = deps.db.transaction().execute(async (trx) => {
      const row = {
        resource_id: body.uuid,
        seq: 1,
        at: new Date(),
        kind: 'provisioned',
        actor: 'worker',
      } as const
      await trx.insertInto('history').values(row).execute()
      locked.resolve()
      await held.promise
    })
    await locked.promise
    const posting = callPartnerApi(app, { method: 'POST', body })
    await expect.poll(() => waitingFor(deps, 1)).toBe(true)
    const deleting = callPartnerApi(app, del)
    await expect.poll(() => waitingFor(deps, 2)).toBe(true)
    held.reject(new Error('rolled back'))
    await expect(holding).rejects.toThrow('rolled back')
    expect((await posting).status).toBe(200)
    expect((await deleting).status).toBe(204)
    expect(await findResource(deps.db, body.uuid)).toMatchObject({ state: 'deprovisioned', dek: null })
  })

  test('leaves a trace in the log', async () => {
    const { app, logLines } = await startHarness()
    const uuid = randomUUID()
    await callPartnerApi(app, { method: 'DELETE', path: `/${uuid}` })
    const line = logLines.find((each) => each.includes('unknown resource deprovisioned'))
    expect(line).toContain(uuid)
  })
})

/** Whether so many statements of this database wait for a lock. */
async function waitingFor({ db }: Pick<Deps, 'db'>, count: number): Promise<boolean> {
  const { rows } = await sql<{ waiting: string }>`
    select count(*) as waiting from pg_stat_activity
     where datname = current_database() and wait_event_type = 'Lock'`.execute(db)
  return Number(rows[0]?.waiting) === count
}
