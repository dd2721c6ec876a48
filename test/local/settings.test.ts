import { existsSync } from 'node:fs'
import { basename } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { makeDemoSecrets } from '../../local/demo-secrets.ts'
import { appEnvironment, serviceEnvironment, serviceSettings } from '../../local/settings.ts'
import { readConfig } from '../../src/config.ts'

const SETTINGS = {
  secrets: makeDemoSecrets(),
  databaseUrl: 'postgres://postgres:secret@127.0.0.1:6000/securekey_00000000',
  servicePort: 5000,
  simulatorPort: 5100,
  smtpUrl: 'smtp://127.0.0.1:5025',
  fortnightSeconds: 25,
  partnerApi: 'v3' as const,
}

test('the service accepts the settings, and its Heroku is the simulator', () => {
  const config = readConfig(serviceSettings(SETTINGS))
  expect(config).toMatchObject({
    port: 5000,
    host: '127.0.0.1',
    addonUrl: 'http://127.0.0.1:5000',
    herokuApiUrl: 'http://127.0.0.1:5100',
    herokuIdUrl: 'http://127.0.0.1:5100',
  })
})

test('every plan is shortened, and the longer plan stays the longer one', () => {
  const { plans } = readConfig(serviceSettings(SETTINGS))
  expect(plans.map(({ name }) => name)).toEqual(['daily', 'weekly', 'fortnightly', 'monthly'])
  expect(plans.map(({ periodMs }) => periodMs / 1_000)).toEqual([10, 15, 25, 50])
})

test('beside a simulated AWS the service has access to it, and a plan for private spaces', () => {
  const aws = {
    AWS_ACCESS_KEY_ID: 'AKIADEMO',
    AWS_SECRET_ACCESS_KEY: 'demo',
    AWS_ACCOUNT_ID: '222222222222',
    AWS_ENDPOINT_URL: 'http://127.0.0.1:6000',
  }
  const { plans, kms } = readConfig(serviceSettings({ ...SETTINGS, aws }))
  expect(plans.at(-1)).toMatchObject({ name: 'private-fortnightly', space: 'private', periodMs: 25_000 })
  expect(kms).toMatchObject({ endpointUrl: 'http://127.0.0.1:6000' })
})

test('variables of the surrounding shell do not reach the service, save those every program needs', () => {
  const environment = serviceEnvironment(serviceSettings(SETTINGS), {
    PATH: '/bin',
    DATABASE_URL: 'postgres://somewhere/else',
    PGSSLMODE: 'require',
    NODE_OPTIONS: '--inspect',
    LOG_LEVEL: 'nonsense',
  })
  expect(environment.DATABASE_URL).toBe(SETTINGS.databaseUrl)
  expect(environment.PATH).toBe('/bin')
  expect(environment.PGSSLMODE).toBeUndefined()
  expect(environment.LOG_LEVEL).toBeUndefined()
  const guard = environment.NODE_OPTIONS?.replace('--import=', '') ?? ''
  expect(existsSync(fileURLToPath(guard))).toBe(true)
})

test('a process of the example app finds nothing of the shell and of the service, and ends with npm start', () => {
  const surrounding = {
    ...serviceSettings(SETTINGS),
    PATH: '/bin',
    SECURE_KEY: 'x',
    NODE_OPTIONS: '--inspect',
  }
  const { NODE_OPTIONS = '', ...environment } = appEnvironment({ SETTLE_SECONDS: '6' }, surrounding)
  expect(environment).toEqual({ PATH: '/bin', SETTLE_SECONDS: '6' })
  const loaded = NODE_OPTIONS.split(' ').map((option) => fileURLToPath(option.replace('--import=', '')))
  expect(loaded.map((path) => basename(path))).toEqual(['end-with-parent.ts', 'library-from-source.ts'])
  expect(loaded.filter((path) => !existsSync(path))).toEqual([])
})

test('over the legacy API both sides are told so, and a sign-on that names nobody may handle keys', () => {
  const config = readConfig(serviceSettings({ ...SETTINGS, partnerApi: 'v1' }))
  expect(config).toMatchObject({ partnerApi: 'v1', requireUserSignOn: false })
  expect(readConfig(serviceSettings(SETTINGS))).toMatchObject({ partnerApi: 'v3', requireUserSignOn: true })
})
