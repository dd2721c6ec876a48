import { describe, expect, onTestFinished, test } from 'vitest'
import { testEnvironment } from '../support/harness.ts'
import { type ServiceProcess, startProcess } from './support/process.ts'

const WRONG = {
  DATABASE_URL: 'mysql://user:not-to-be-quoted-1@db/keys',
  PORT: 'not-to-be-quoted-2',
  PRIVATELINK_PORT: 'not-to-be-quoted-17',
  ADDON_URL: 'http://not-to-be-quoted-3.example.com',
  PARTNER_API: 'not-to-be-quoted-15',
  HEROKU_API_URL: 'ftp://not-to-be-quoted-4.example.com',
  HEROKU_ID_URL: 'not-to-be-quoted-5',
  SEALING_KEYS: 'k1:bm90LXRvLWJlLXF1b3RlZC02',
  PLAN_PERIODS: 'not-to-be-quoted-7,daily=1d,not-to-be-quoted-8=never',
  GRACE_FLOOR: 'not-to-be-quoted-9',
  GRACE_PERIOD: 'not-to-be-quoted-10',
  REQUIRE_USER_SIGN_ON: 'not-to-be-quoted-14',
  SPREAD_RESTARTS: 'not-to-be-quoted-15',
  ROTATION_CRON: 'not-to-be-quoted-11',
  ROTATION_CONCURRENCY: 'not-to-be-quoted-12',
  HEROKU_MAX_RPS: '0',
  LOG_LEVEL: 'not-to-be-quoted-13',
  AWS_ACCESS_KEY_ID: 'not-to-be-quoted-15',
  AWS_ENDPOINT_URL: 'http://not-to-be-quoted-16.example.com',
  AWS_ACCOUNT_ID: 'not-to-be-quoted-17',
  KMS_REGIONS: 'not-to-be-quoted-18',
  KMS_CANARY_KEY: 'not-to-be-quoted-19',
  PRIVATELINK_NLBS: 'not-to-be-quoted-20',
  PRIVATELINK_DNS_NAME: 'not-to-be-quoted-21',
  SMTP_URL: 'smtp://user:not-to-be-quoted-15@mail.example.com/path',
  MAIL_FROM: 'not-to-be-quoted-16',
}
const MISSING = ['ADDON_PASSWORD', 'ADDON_SSO_SALT']

async function started(type: string, env: Record<string, string>): Promise<ServiceProcess> {
  const process = await startProcess(type, env)
  onTestFinished(() => process.kill())
  return process
}

describe.each(['web', 'worker'])('the %s process with wrong settings', (type) => {
  test('prints every problem at once, quotes no value, and exits with 1', async () => {
    const process = await started(type, WRONG)
    expect(await process.end).toBe(1)
    const lines = process.stderr().trim().split('\n')
    expect(lines[0]).toBe('The settings do not hold:')
    const named = lines.slice(1).map((line) => /^ {2}- ([A-Z_]+) /.exec(line)?.[1])
    expect(named.toSorted()).toEqual([...Object.keys(WRONG), ...MISSING].toSorted())
    const printed = process.stderr() + process.stdout()
    expect(printed).not.toContain('not-to-be-quoted')
    expect(printed).not.toContain(WRONG.SEALING_KEYS.slice(3))
  })

  test('without any settings names all that are required, and only those', async () => {
    const process = await started(type, {})
    expect(await process.end).toBe(1)
    const named = [...process.stderr().matchAll(/- ([A-Z_]+) is required/g)].map(([, name]) => name)
    expect(named.toSorted()).toEqual(['ADDON_URL', 'DATABASE_URL', 'SEALING_KEYS', ...MISSING].toSorted())
    expect(process.stderr().trim().split('\n')).toHaveLength(1 + named.length)
  })
})

describe('the release process', () => {
  test('without a database address says that it is required, and exits with 1', async () => {
    const process = await started('release', {})
    expect(await process.end).toBe(1)
    expect(process.stderr()).toBe('DATABASE_URL is required\n')
  })

  test.each([
    'postgres://user:not-to-be-quoted@[nonsense/keys',
    'postgres://user:not-to-be-quoted@127.0.0.1:1/keys',
    'not-to-be-quoted',
  ])('never prints the password of an address that leads nowhere: %s', async (url) => {
    const process = await started('release', { DATABASE_URL: url })
    expect(await process.end).toBe(1)
    expect(process.stderr()).not.toBe('')
    expect(process.stderr() + process.stdout()).not.toContain('not-to-be-quoted')
  })
})

test('a web process whose database is away starts all the same, and says by /readyz that it is not ready', async () => {
  const env = {
    ...testEnvironment('postgres://user:password@127.0.0.1:1/keys', 'http://127.0.0.1:1'),
    HOST: '127.0.0.1',
    PORT: '0',
  }
  const web = await started('web', env)
  const [, url] = await web.printed(/Server listening at (http:[^"]+)/)
  expect((await fetch(`${url}/healthz`)).status).toBe(200)
  expect((await fetch(`${url}/readyz`)).status).toBe(503)
})
