import { expect, onTestFinished, test } from 'vitest'
import { startProcess } from '../acceptance/support/process.ts'
import { startService } from '../acceptance/support/service.ts'
import { startSilentProxy } from '../support/silent-proxy.ts'

const LIMIT_MS = 240_000
/** A server that has said nothing for twenty seconds is gone. */
const AFTER_ONE_TIME_OUT = { timeout: 35_000, interval: 250 }
/** What was claimed when the sockets died stays so until the lease ends. */
const AFTER_THE_LEASE = { timeout: 130_000, interval: 250 }

test(
  'after a failover that leaves sockets open and dead, web and worker go on after the first time-out',
  async () => {
    const service = await startService({ env: { PLAN_PERIODS: 'fortnightly=2s', GRACE_FLOOR: '1s' } })
    const { heroku, databaseUrl, env } = service
    await heroku.customer.createApp('service-1')
    await heroku.customer.createAddon({ app: 'service-1', plan: 'fortnightly' })
    const proxy = await startSilentProxy(databaseUrl)
    const proxied = { ...env, DATABASE_URL: proxy.url }
    const web = await startProcess('web', proxied)
    onTestFinished(() => web.kill())
    const [, url = ''] = await web.printed(/Server listening at (http:[^"]+)/)
    const worker = await startProcess('worker', proxied)
    onTestFinished(() => worker.kill())
    const pushes = () => heroku.view.apiCalls().filter(({ method }) => method === 'PATCH').length
    const ready = async () => (await fetch(`${url}/readyz`)).status
    await expect.poll(pushes, AFTER_ONE_TIME_OUT).toBeGreaterThan(0)
    expect(await ready()).toBe(200)
    proxy.silence()
    expect(await ready()).toBe(503)
    const before = pushes()
    await expect.poll(ready, AFTER_ONE_TIME_OUT).toBe(200)
    // Its ticks go on; the add-on itself may be under a claim that died.
    await expect.poll(pushes, AFTER_THE_LEASE).toBeGreaterThan(before + 1)
  },
  LIMIT_MS,
)
