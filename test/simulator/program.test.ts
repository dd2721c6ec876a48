import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { startProgram } from '../acceptance/support/process.ts'
import { removeFolder } from '../support/remove-folder.ts'
import { startStandInService } from './support/stand-in-service.ts'

/** The simulator as a process, with a manifest file beside it. */
function startSimulator(args: string[], env: Record<string, string> = {}) {
  const simulator = startProgram(process.execPath, ['simulator/src/bin.ts', ...args], env)
  onTestFinished(() => simulator.kill())
  return simulator
}

function manifestFile(serviceUrl: string): string {
  const folder = mkdtempSync(join(tmpdir(), 'manifest-'))
  onTestFinished(() => removeFolder(folder))
  const path = join(folder, 'addon-manifest.json')
  const urls = { base_url: `${serviceUrl}/heroku/resources`, sso_url: `${serviceUrl}/sso` }
  const api = {
    config_vars: ['SECURE_KEY'],
    config_vars_prefix: 'SECURE',
    password: 'p',
    sso_salt: 's',
    test: urls,
  }
  writeFileSync(path, JSON.stringify({ id: 'made-up', api }))
  return path
}

async function post(url: string, body: Record<string, string>): Promise<number> {
  const headers = { 'content-type': 'application/json' }
  return (await fetch(url, { method: 'POST', headers, body: JSON.stringify(body) })).status
}

test('as a program it serves the add-on of any manifest, calls its service, and ends by SIGTERM', async () => {
  const service = await startStandInService()
  onTestFinished(() => service.close())
  const simulator = startSimulator(
    ['--manifest', manifestFile(service.url), '--port', '0', '--plans', 'small,large'],
    { SIMULATOR_CLIENT_SECRET: 'secret' },
  )
  const [, url = ''] = await simulator.printed(/simulated at (http:\S+):/)
  expect(await post(`${url}/simulator/actions/createApp`, { name: 'shop' })).toBe(200)
  expect(await post(`${url}/simulator/actions/createAddon`, { app: 'shop', plan: 'large' })).toBe(200)
  expect(service.received[0]).toMatchObject({
    method: 'POST',
    url: '/heroku/resources',
    headers: { authorization: `Basic ${Buffer.from('made-up:p').toString('base64')}` },
    body: { plan: 'large' },
  })
  simulator.signal('SIGTERM')
  expect(await simulator.end).toBe(0)
})

test('it explains itself', async () => {
  const simulator = startSimulator(['--help'])
  expect(await simulator.end).toBe(0)
  expect(simulator.stdout()).toContain('--client-secret TEXT')
})

test('everything that is wrong with its settings is said at once, without a secret, and it exits with 2', async () => {
  const simulator = startSimulator(['--manifest', '/no/such/file', '--port', 'x', '--plans', 'a,,b'], {
    SIMULATOR_PASSWORD: 'not-to-be-quoted',
  })
  expect(await simulator.end).toBe(2)
  for (const said of ['--port must be', '--client-secret is missing', '--plans must be', '/no/such/file']) {
    expect(simulator.stderr()).toContain(said)
  }
  expect(simulator.stderr()).not.toContain('not-to-be-quoted')
})

test('an unknown flag is named, and it exits with 2', async () => {
  const simulator = startSimulator(['--prot', '5100'])
  expect(await simulator.end).toBe(2)
  expect(simulator.stderr()).toContain("'--prot'")
})

test('a port that is taken is named, and it exits with 1', async () => {
  const service = await startStandInService()
  onTestFinished(() => service.close())
  const { port } = new URL(service.url)
  const args = ['--manifest', manifestFile(service.url), '--client-secret', 'secret', '--port', port]
  const simulator = startSimulator(args)
  expect(await simulator.end).toBe(1)
  expect(simulator.stderr()).toContain(port)
})
