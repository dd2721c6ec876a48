import { describe, expect, onTestFinished, test } from 'vitest'
import { createSimulator } from '../../simulator/src/simulator.ts'
import { systemNow } from '../../src/clock.ts'
import { sharesBackends } from '../../src/store/shared-backend.ts'
import { startProcess } from '../acceptance/support/process.ts'
import { takeDatabase } from '../support/database.ts'
import { addonAt, testEnvironment } from '../support/harness.ts'
import { startPgBouncer } from './support/pgbouncer.ts'
import { isMissing, PGBOUNCER } from './support/toolchain.ts'

const LIMIT_MS = 180_000
const WITHIN = { timeout: 60_000 }
/** Settings in which two open connections are served by one Postgres process, sooner or later. */
const SHARING: Record<string, string>[] = [
  { pool_mode: 'transaction' },
  { pool_mode: 'transaction', server_round_robin: '1', min_pool_size: '4' },
  { pool_mode: 'statement' },
]

async function startDatabase(settings: Record<string, string>): Promise<string> {
  const database = await takeDatabase()
  onTestFinished(() => database.giveBack())
  return await startPgBouncer(database.url, settings)
}

describe.skipIf(isMissing(PGBOUNCER))('behind PgBouncer', () => {
  test(
    'in session mode, as docs/deploying.md has it, add-ons are made and rotated as anywhere',
    async () => {
      const url = await startDatabase({ pool_mode: 'session' })
      const heroku = createSimulator({ now: systemNow, addon: addonAt('http://127.0.0.1:1') })
      const { url: herokuUrl } = await heroku.listen({ port: 0 })
      onTestFinished(() => heroku.close())
      const env = {
        ...testEnvironment(url, herokuUrl),
        HOST: '127.0.0.1',
        PORT: '0',
        ROTATION_CRON: '* * * * * *',
        LOG_LEVEL: 'info',
        PLAN_PERIODS: 'fortnightly=2s',
        GRACE_FLOOR: '1s',
      }
      const web = await startProcess('web', env)
      onTestFinished(() => web.kill())
      const [, address = ''] = await web.printed(/Server listening at (http:[^"]+)/)
      heroku.setAddonUrl(address)
      const worker = await startProcess('worker', env)
      onTestFinished(() => worker.kill())
      expect(await (await fetch(`${address}/readyz`)).json()).toEqual({ status: 'ready' })
      await heroku.customer.createApp('service-1')
      const addons = await Promise.all(
        Array.from({ length: 8 }, () =>
          heroku.customer.createAddon({ app: 'service-1', plan: 'fortnightly' }),
        ),
      )
      expect(addons.map(({ state }) => state)).toEqual(Array.from({ length: 8 }, () => 'provisioned'))
      const promoted = () => worker.stdout().split('"rotation promoted"').length - 1
      await expect.poll(promoted, WITHIN).toBeGreaterThanOrEqual(16)
      expect(worker.stdout()).not.toContain('"level":50')
    },
    LIMIT_MS,
  )

  test.each(SHARING)(
    'with %o web and worker do not start, and say why',
    async (settings) => {
      const url = await startDatabase(settings)
      expect(await sharesBackends(url)).toBe(true)
      for (const type of ['web', 'worker']) {
        const started = await startProcess(type, {
          ...testEnvironment(url, 'http://127.0.0.1:1'),
          HOST: '127.0.0.1',
          PORT: '0',
        })
        onTestFinished(() => started.kill())
        expect(await started.end).toBe(1)
        expect(started.stdout()).toContain('DATABASE_URL leads to a pooler that shares servers')
      }
    },
    LIMIT_MS,
  )
})
