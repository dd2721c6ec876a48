import { expect, test } from 'vitest'
import { differences, type Identity, isNewEpoch, mayBePutBack } from '../../src/domain/installation.ts'

const KNOWN: Identity = {
  systemIdentifier: '7300000000000000001',
  databaseOid: '16384',
  timeline: '00000001',
  server: '10.0.0.1:5432',
  herokuApi: 'https://api.heroku.com',
  herokuId: 'https://id.heroku.com',
  addonId: 'securekey',
  addonUrl: 'https://keys.example.com',
}

test.each<[keyof Identity, string, string]>([
  ['systemIdentifier', '7300000000000000002', 'another Postgres cluster'],
  ['databaseOid', '16999', 'another database'],
  ['herokuApi', 'https://staging.example.com', 'another HEROKU_API_URL'],
  ['herokuId', 'https://staging.example.com', 'another HEROKU_ID_URL'],
  ['addonId', 'securekey-staging', 'another add-on id'],
  ['addonUrl', 'https://staging.example.com', 'another ADDON_URL'],
])('another %s makes another installation, and is named', (part, value, name) => {
  expect(differences(KNOWN, { ...KNOWN, [part]: value })).toEqual([name])
})

test('everything that differs is named at once', () => {
  expect(differences(KNOWN, { ...KNOWN, databaseOid: '1', addonUrl: 'https://other' })).toEqual([
    'another database',
    'another ADDON_URL',
  ])
})

test('what a managed Postgres does not tell is not compared', () => {
  const silent = { ...KNOWN, systemIdentifier: null, timeline: null, server: null }
  expect(differences(KNOWN, silent)).toEqual([])
  expect(differences(silent, KNOWN)).toEqual([])
  expect(isNewEpoch(KNOWN, silent, 0)).toBe(false)
  expect(isNewEpoch(silent, KNOWN, 0)).toBe(false)
})

test('a failover or another server is the same installation in a new epoch', () => {
  for (const moved of [{ timeline: '00000002' }, { server: '10.0.0.2:5432' }]) {
    expect(differences(KNOWN, { ...KNOWN, ...moved })).toEqual([])
    expect(isNewEpoch(KNOWN, { ...KNOWN, ...moved }, 0)).toBe(true)
  }
})

test('ten minutes without a worker begin a new epoch, less do not', () => {
  expect(isNewEpoch(KNOWN, KNOWN, 10 * 60_000)).toBe(false)
  expect(isNewEpoch(KNOWN, KNOWN, 10 * 60_000 + 1)).toBe(true)
})

test('a row that a restore wrote, and a server that was started anew, may be a past that was put back', () => {
  const known = { serverStarted: '2026-03-03 12:00:00', asWritten: true }
  expect(mayBePutBack(known, { serverStarted: '2026-03-03 12:00:00' })).toBe(false)
  expect(mayBePutBack(known, { serverStarted: '2026-03-03 12:00:01' })).toBe(true)
  expect(mayBePutBack({ ...known, asWritten: false }, known)).toBe(true)
})
