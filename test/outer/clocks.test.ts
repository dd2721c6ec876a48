import { randomUUID } from 'node:crypto'
import { mkdtemp, readFile, rename, writeFile } from 'node:fs/promises'
import { request } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { procfileCommand } from '../../local/procfile.ts'
import { type ServiceProcess, startProgram } from '../acceptance/support/process.ts'
import { type Service, startService } from '../acceptance/support/service.ts'
import { basic } from '../http/support/partner-call.ts'
import { PASSWORD } from '../support/harness.ts'
import { removeFolder } from '../support/remove-folder.ts'
import { FAKETIME, isMissing, runTool } from './support/toolchain.ts'

const WITHIN_A_MINUTE = { timeout: 60_000, interval: 250 }
const SHORT = { PLAN_PERIODS: 'fortnightly=2s,daily=1d', GRACE_FLOOR: '1s' }

/** A process of the service whose clock is so far off, and can be set while it runs. */
async function startAtWrongTime(
  type: 'web' | 'worker',
  env: Record<string, string>,
  offset: string,
): Promise<ServiceProcess & { set: (offset: string) => Promise<void> }> {
  const folder = await mkdtemp(join(tmpdir(), 'clock-'))
  const file = join(folder, 'offset')
  async function set(to: string): Promise<void> {
    // Never half written.
    await writeFile(`${file}.new`, to)
    await rename(`${file}.new`, file)
  }
  await set(offset)
  const preload = runTool(FAKETIME, ['-m', '-f', '+0', 'printenv', 'LD_PRELOAD']).trim()
  const procfile = await readFile(new URL('../../Procfile', import.meta.url), 'utf8')
  const { program, args } = procfileCommand(procfile, type)
  const started = startProgram(program, args, {
    ...env,
    LD_PRELOAD: preload,
    FAKETIME_TIMESTAMP_FILE: file,
    FAKETIME_NO_CACHE: '1',
    // A clock on the wall is set; the one that counts spans goes on as it was.
    FAKETIME_DONT_FAKE_MONOTONIC: '1',
  })
  onTestFinished(async () => {
    await started.kill()
    await removeFolder(folder)
  })
  return { ...started, set }
}

const pushes = ({ heroku }: Service) =>
  heroku.view.apiCalls().filter(({ method, path }) => method === 'PATCH' && path.endsWith('/config')).length

async function createAddon({ heroku }: Service): Promise<void> {
  await heroku.customer.createApp('service-1')
  await heroku.customer.createAddon({ app: 'service-1', plan: 'fortnightly' })
}

async function provisionAt(url: string) {
  const answer = await fetch(`${url}/heroku/resources`, {
    method: 'POST',
    headers: { authorization: basic('securekey', PASSWORD), 'content-type': 'application/json' },
    body: JSON.stringify({ uuid: randomUUID(), plan: 'daily' }),
  })
  return answer.status
}

describe.skipIf(isMissing(FAKETIME))('a process whose clock is wrong', () => {
  test('as web says so, provisions nothing, moves nothing for the others, and goes on when its clock is right', async () => {
    const service = await startService({ env: SHORT })
    await createAddon(service)
    await service.startWorker()
    const web = await startAtWrongTime('web', service.env, '+3h')
    const [, url = ''] = await web.printed(/Server listening at (http:[^"]+)/)
    const ready = await fetch(`${url}/readyz`)
    expect([ready.status, await ready.json()]).toMatchObject([503, { troubles: ['clock'] }])
    expect(await provisionAt(url)).toBe(503)
    expect(await provisionAt(service.url)).toBe(200)
    const before = pushes(service)
    await expect.poll(() => pushes(service), WITHIN_A_MINUTE).toBeGreaterThan(before + 2)
    await web.set('+0')
    await expect.poll(async () => (await fetch(`${url}/readyz`)).status, WITHIN_A_MINUTE).toBe(200)
    expect(await provisionAt(url)).toBe(200)
  })

  test('as worker claims nothing, and rotates within a minute of its clock being right', async () => {
    const service = await startService({ env: SHORT })
    await createAddon(service)
    const worker = await startAtWrongTime('worker', service.env, '+3h')
    await worker.printed(/clock differs from the database/)
    expect(pushes(service)).toBe(0)
    await worker.set('+0')
    await expect.poll(() => pushes(service), WITHIN_A_MINUTE).toBeGreaterThan(1)
  })

  test('for a moment, three hours ahead and right again, stops the ticks for less than a minute', async () => {
    const service = await startService({ env: SHORT })
    await createAddon(service)
    const worker = await startAtWrongTime('worker', service.env, '+0')
    await expect.poll(() => pushes(service), WITHIN_A_MINUTE).toBeGreaterThan(0)
    await worker.set('+3h')
    await worker.printed(/clock differs from the database/)
    await worker.set('+0')
    const before = pushes(service)
    await expect.poll(() => pushes(service), WITHIN_A_MINUTE).toBeGreaterThan(before + 1)
  })
})

/** Sends a byte a second until the other side has ended it; returns after how many ms. */
async function trickle(url: string): Promise<number> {
  const startedAt = performance.now()
  const { promise, resolve } = Promise.withResolvers<number>()
  const call = request(`${url}/heroku/resources`, {
    method: 'POST',
    headers: { authorization: basic('securekey', PASSWORD), 'content-length': '1000' },
  })
  const end = () => resolve(performance.now() - startedAt)
  call.on('error', end)
  call.on('close', end)
  const timer = setInterval(() => call.write(' '), 1_000)
  onTestFinished(() => clearInterval(timer))
  return await promise
}

test('a body that trickles in is cut off within 25 seconds', async () => {
  const service = await startService()
  expect(await trickle(service.url)).toBeLessThan(25_000)
})
