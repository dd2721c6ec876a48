import { describe, expect, test } from 'vitest'
import { withAdmin } from '../support/admin.ts'
import { type Service, startService } from './support/service.ts'

const TEST_LIMIT_MS = 180_000
const SHORT = { PLAN_PERIODS: 'fortnightly=2s,daily=1d', GRACE_FLOOR: '1s' }

async function createAddon(service: Service, plan: string) {
  await service.heroku.customer.createApp('service-1')
  return await service.heroku.customer.createAddon({ app: 'service-1', plan })
}

const pushes = (service: Service) =>
  service.heroku.view.apiCalls().filter(({ method, path }) => method === 'PATCH' && path.endsWith('/config'))

/** Whether a statement waits for a row that another transaction has locked. */
async function isAnyWaiting(service: Service): Promise<boolean> {
  const waiting =
    "select from pg_stat_activity where wait_event_type = 'Lock' and datname = current_database()"
  const { rowCount } = await withAdmin(service.databaseUrl, (db) => db.query(waiting))
  return (rowCount ?? 0) > 0
}

// A process that is not done ten seconds after its signal ends with 1, so 0 says that it was in time.
describe('SIGTERM', () => {
  test(
    'in the middle of a push ends the worker in time, without a lease, and another one goes on with the same key',
    async () => {
      const service = await startService({ env: SHORT })
      const addon = await createAddon(service, 'fortnightly')
      service.heroku.faults.add({ match: { method: 'PATCH' }, kind: 'hang' })
      const worker = await service.startWorker()
      await expect.poll(() => pushes(service)).toHaveLength(1)

      worker.signal('SIGTERM')
      expect(await worker.end).toBe(0)
      expect(worker.stdout()).toContain('"stopped"')
      const { rows } = await withAdmin(service.databaseUrl, (db) =>
        db.query('select claimed_until, reason, pending, attempts, stuck_since from keysets'),
      )
      expect(rows).toEqual([
        { claimed_until: null, reason: 'scheduled', pending: 3, attempts: 0, stuck_since: null },
      ])

      // One rotation is enough: the next one would come two seconds later.
      await service.heroku.customer.changePlan({ addon: addon.name, plan: 'daily' })
      await service.startWorker()
      const value = pushes(service)[0]?.config?.SECURE_KEY
      await expect.poll(() => service.heroku.view.configVars('service-1').SECURE_KEY).toBe(value)
      expect(new Set(pushes(service).map(({ config }) => config?.SECURE_KEY))).toEqual(new Set([value]))
    },
    TEST_LIMIT_MS,
  )

  test(
    'in the middle of a push that is answered in time lets it end, and writes the rotation down',
    async () => {
      const service = await startService({ env: SHORT })
      await createAddon(service, 'fortnightly')
      service.heroku.faults.add({ match: { method: 'PATCH' }, kind: 'latency', ms: 1_500 })
      const worker = await service.startWorker()
      await expect.poll(() => pushes(service)).toHaveLength(1)
      worker.signal('SIGTERM')
      expect(await worker.end).toBe(0)
      const { rows } = await withAdmin(service.databaseUrl, (db) =>
        db.query("select version, attempts from history where kind = 'rotated'"),
      )
      expect(rows).toEqual([{ version: 3, attempts: 1 }])
      expect(pushes(service)).toHaveLength(1)
    },
    TEST_LIMIT_MS,
  )

  test(
    'ends a web process in time although the exchange of a grant hangs',
    async () => {
      const service = await startService()
      service.heroku.faults.add({ match: { path: '/oauth/token' }, kind: 'hang' })
      await createAddon(service, 'daily')
      await expect.poll(() => service.heroku.view.apiCalls()).toHaveLength(1)
      service.web.signal('SIGTERM')
      expect(await service.web.end).toBe(0)
    },
    TEST_LIMIT_MS,
  )

  test(
    'lets a request that is under way end with its answer',
    async () => {
      const service = await startService()
      const addon = await createAddon(service, 'daily')
      const deleted = await withAdmin(service.databaseUrl, async (db) => {
        await db.query('begin')
        await db.query('select from keysets for no key update')
        const deleting = service.heroku.customer.repeatDeprovision(addon.id)
        await expect.poll(() => isAnyWaiting(service)).toBe(true)
        service.web.signal('SIGTERM')
        await service.web.printed(/"stopping"/)
        await db.query('commit')
        return await deleting
      })
      expect(deleted).toMatchObject({ status: 204, failure: null })
      expect(await service.web.end).toBe(0)
    },
    TEST_LIMIT_MS,
  )

  test(
    'ends idle processes in time',
    async () => {
      const service = await startService()
      const worker = await service.startWorker()
      for (const idle of [service.web, worker]) {
        idle.signal('SIGTERM')
        expect(await idle.end).toBe(0)
      }
    },
    TEST_LIMIT_MS,
  )

  test(
    'a second time ends a process that is still finishing, at once',
    async () => {
      const service = await startService({ env: SHORT })
      await createAddon(service, 'fortnightly')
      service.heroku.faults.add({ match: { method: 'PATCH' }, kind: 'hang' })
      const worker = await service.startWorker()
      await expect.poll(() => pushes(service)).toHaveLength(1)
      worker.signal('SIGTERM')
      await worker.printed(/"stopping"/)
      worker.signal('SIGTERM')
      expect(await worker.end).toBe(1)
      expect(worker.stdout()).toContain('second signal, exiting at once')
    },
    TEST_LIMIT_MS,
  )
})
