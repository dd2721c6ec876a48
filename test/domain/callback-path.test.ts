import { expect, test } from 'vitest'
import { callbackPathOf } from '../../src/domain/callback-path.ts'

const HEROKU = 'https://api.heroku.com'
const HEROKU_ID = 'app123@heroku.com'
const UUID = '01234567-89ab-4cde-8f01-23456789abcd'
const MADE = '/vendor/apps/app123%40heroku.com'

const pathOf = (callbackUrl: string | null, ids: { herokuId?: string | null; uuid?: string | null } = {}) =>
  callbackPathOf({ callbackUrl, herokuId: HEROKU_ID, uuid: UUID, ...ids }, HEROKU)

test.each([
  ['with its percent-encoding', `${HEROKU}/vendor/apps/app9%40heroku.com`, '/vendor/apps/app9%40heroku.com'],
  ['without any', `${HEROKU}/vendor/apps/app9@heroku.com`, '/vendor/apps/app9@heroku.com'],
  ['of a uuid', `${HEROKU}/vendor/apps/${UUID}`, `/vendor/apps/${UUID}`],
  ['with the port written out', 'https://api.heroku.com:443/vendor/apps/a1', '/vendor/apps/a1'],
])('the path of a callback address of Heroku’s is kept as it was written: %s', (_how, address, path) => {
  expect(pathOf(address)).toEqual({ path, isForeign: false })
})

test.each([
  ['another host', 'https://api.heroku.com.evil.example/vendor/apps/a1'],
  ['the host as a user', 'https://api.heroku.com@evil.example/vendor/apps/a1'],
  ['a host of the network', 'http://169.254.169.254/vendor/apps/a1'],
  ['plain http', 'http://api.heroku.com/vendor/apps/a1'],
  ['another port', 'https://api.heroku.com:8443/vendor/apps/a1'],
  ['a user', 'https://me:secret@api.heroku.com/vendor/apps/a1'],
  ['a query', `${HEROKU}/vendor/apps/a1?x=1`],
  ['a fragment', `${HEROKU}/vendor/apps/a1#x`],
  ['another path', `${HEROKU}/addons/a1`],
  ['a path of more parts', `${HEROKU}/vendor/apps/a1/config`],
  ['a path that goes up', `${HEROKU}/vendor/apps/..`],
  ['a path that goes up in disguise', `${HEROKU}/vendor/apps/%2e%2e`],
  ['a slash in disguise', `${HEROKU}/vendor/apps/a1%2F..%2Fa2`],
  ['a backslash', `${HEROKU}/vendor/apps/a1\\..\\a2`],
  ['no app', `${HEROKU}/vendor/apps/`],
  ['half a percent-encoding', `${HEROKU}/vendor/apps/a%4`],
  ['another scheme', 'file:///vendor/apps/a1'],
  ['no address at all', 'callback'],
])('no call ever goes to a callback address with %s: the id at Heroku makes the path', (_what, address) => {
  expect(pathOf(address)).toEqual({ path: MADE, isForeign: true })
})

test('without a callback address the id at Heroku makes the path, and without that the uuid', () => {
  expect(pathOf(null)).toEqual({ path: MADE, isForeign: false })
  expect(pathOf(null, { herokuId: null })).toEqual({ path: `/vendor/apps/${UUID}`, isForeign: false })
  expect(pathOf(null, { herokuId: null, uuid: null })).toEqual({ path: null, isForeign: false })
})

test('an id at Heroku that would leave its place makes no path', () => {
  expect(pathOf(null, { herokuId: 'a/../b' }).path).toBeNull()
  expect(pathOf(null, { herokuId: '..' }).path).toBeNull()
})
