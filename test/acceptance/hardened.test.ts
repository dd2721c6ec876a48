import { readFileSync } from 'node:fs'
import { describe, expect, onTestFinished, test } from 'vitest'
import appJson from '../../app.json' with { type: 'json' }
import { readConfig } from '../../src/config.ts'
import { requireKnownKeks } from '../../src/flows/operations/known-keks.ts'
import { seededBytes } from '../simulator/support/seeded-bytes.ts'
import { startHarness, testEnvironment } from '../support/harness.ts'
import { type ServiceProcess, startProcess } from './support/process.ts'

const read = (path: string) => readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8')

describe('the image', () => {
  test.each(['Dockerfile', 'simulator/Dockerfile'])(
    '%s is made from one that is pinned by digest',
    (path) => {
      const from = read(path)
        .split('\n')
        .filter((line) => line.startsWith('FROM '))
      expect(from).toEqual([expect.stringMatching(/^FROM node:24\.[0-9.]+-[a-z]+-slim@sha256:[0-9a-f]{64}$/)])
      expect(read('.github/dependabot.yml')).toContain('package-ecosystem: docker')
    },
  )

  test('runs no install script, holds no workspace, and has no root', () => {
    const dockerfile = read('Dockerfile')
    expect(dockerfile).toMatch(/^RUN npm ci .*--omit=dev --ignore-scripts --workspaces=false/m)
    expect(dockerfile).toMatch(/^USER node$/m)
  })

  test('runs where nothing can be written and no right is left', () => {
    const service = /^x-service:[\s\S]*?^services:/m.exec(read('docker-compose.yml'))?.[0]
    for (const line of ['read_only: true', 'cap_drop: [ALL]', 'security_opt: ["no-new-privileges:true"]']) {
      expect(service).toContain(line)
    }
  })
})

describe('app.json', () => {
  test('can be deployed before Heroku has told the client secret', () => {
    const random = seededBytes('app.json')
    const asked = {
      ADDON_URL: 'https://securekey.example.com',
      SEALING_KEYS: `k1:${random(32).toString('base64')}`,
    }
    const env: Record<string, string> = { DATABASE_URL: 'postgres://db/keys', ...asked }
    for (const [name, variable] of Object.entries<{ required?: boolean; value?: string; generator?: string }>(
      appJson.env,
    )) {
      if (variable.generator === 'secret') env[name] = random(32).toString('hex')
      else if (variable.value !== undefined) env[name] = variable.value
      else if (variable.required) expect(Object.keys(asked)).toContain(name)
    }
    expect(env).not.toHaveProperty('ADDON_CLIENT_SECRET')
    expect(readConfig(env).addonClientSecret).toBeUndefined()
  })
})

async function started(type: string, env: Record<string, string>): Promise<ServiceProcess> {
  const process = await startProcess(type, { HOST: '127.0.0.1', PORT: '0', ...env })
  onTestFinished(() => process.kill())
  return process
}

describe('a process with wrong sealing keys does not start, and names the key:', () => {
  const other = seededBytes('another key')(32).toString('base64')

  test.each([
    ['web', 'another key of that name', `k1:${other}`, /\\"k1\\" is another key/],
    ['worker', 'another key of that name', `k1:${other}`, /\\"k1\\" is another key/],
    ['worker', 'a list without it', `k2:${other}`, /\\"k1\\" is not listed/],
  ])('%s with %s', async (type, _what, keys, problem) => {
    const h = await startHarness()
    await requireKnownKeks(h.deps)
    await h.deps.db
      .insertInto('resources')
      .values({
        id: '01234567-89ab-4cde-8f01-000000000001',
        state: 'provisioned',
        plan: 'daily',
        rotation_period_seconds: 86_400,
        kek_id: 'k1',
        wrapped_dek: Buffer.alloc(60),
        created_at: h.deps.now(),
      })
      .execute()
    const env = { ...testEnvironment(h.databaseUrl, h.heroku.url), SEALING_KEYS: keys }
    const process = await started(type, env)
    expect(await process.end).toBe(1)
    expect(process.stdout()).toMatch(problem)
    expect(process.stdout() + process.stderr()).not.toContain(other)
  })
})

test.each(['web', 'worker'])('a signal opens no inspector in the %s process', async (type) => {
  const h = await startHarness()
  const process = await started(type, testEnvironment(h.databaseUrl, h.heroku.url))
  await process.printed(type === 'web' ? /Server listening/ : /worker started/)
  process.signal('SIGUSR1')
  process.signal('SIGTERM')
  expect(await process.end).toBe(0)
  expect(process.stderr()).not.toContain('Debugger listening')
})
