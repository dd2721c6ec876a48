import { beforeEach, expect, test } from 'vitest'
import { tellHeroku } from '../../local/heroku-words.ts'
import { fingerprint } from '../../local/key-pair.ts'
import type { ApiCall } from '../../simulator/src/api-call.ts'
import type { Happening, SimulatorEvent } from '../../simulator/src/event-bus.ts'
import type { ServiceCall } from '../../simulator/src/service-call.ts'

const AT = '2026-03-03T12:00:00.000Z'
const ID = '01234567-89ab-cdef-0123-456789abcdef'
const NEW = 'A'.repeat(64)
const OLD = 'B'.repeat(64)

let options: Record<string, string> = {}
beforeEach(() => {
  options = {}
})
const tell = (...happenings: Happening[]) =>
  tellHeroku(
    happenings.map((happening) => ({ at: AT, ...happening }) as SimulatorEvent),
    (id) => (id === ID ? { name: 'securekey-solid-14332', createdAt: new Date(AT), options } : undefined),
  )
const texts = (...happenings: Happening[]) => tell(...happenings).map(({ who, text }) => `${who}: ${text}`)

const of = (app: string) => ({ app, appId: `id of ${app}` })
const config = (app: string, changes: Record<string, string | null>): Happening => ({
  type: 'config',
  ...of(app),
  changes,
})
const release = (app: string, version: number, description: string): Happening => ({
  type: 'release',
  ...of(app),
  version,
  description,
  user: 'securekey@addons.heroku.com',
})
const dyno = (app: string, name: string, version: number): Happening => ({
  type: 'dyno',
  ...of(app),
  dyno: name,
  release: version,
  state: 'starting',
})
const attachment = (action: 'create' | 'destroy', app: string): Happening => ({
  type: 'attachment',
  action,
  attachment: 'SERVICE_ONE_SECURE',
  attachmentId: 'a',
  addon: 'securekey-solid-14332',
  addonId: ID,
  app,
})
const addon = (action: 'create' | 'update' | 'destroy'): Happening => ({
  type: 'addon',
  action,
  addon: 'securekey-solid-14332',
  addonId: ID,
  app: 'service-1',
  plan: 'fortnightly',
  state: 'provisioned',
})
const apiCall = (call: Partial<ApiCall>): Happening => ({
  type: 'api-call',
  call: {
    seq: 1,
    at: AT,
    method: 'PATCH',
    path: `/addons/${ID}/config`,
    status: 200,
    addonId: ID,
    addon: 'securekey-solid-14332',
    grantType: null,
    config: { SECURE_KEY: `${NEW},${OLD}` },
    applied: true,
    requestId: 'r',
    userAgent: null,
    fault: null,
    ...call,
  },
})
const serviceCall = (call: Partial<ServiceCall>): Happening => ({
  type: 'service-call',
  call: {
    at: AT,
    method: 'POST',
    url: 'http://127.0.0.1:5000/heroku/resources',
    body: null,
    status: 200,
    answer: '',
    failure: null,
    ...call,
  },
})

test('a release is told with its number, the dynos it restarts, the value in full, and both fingerprints', () => {
  const value = `${NEW},${OLD}`
  const told = tell(
    config('service-2', { SERVICE_ONE_SECURE_KEY: value }),
    release('service-2', 3, 'Update SERVICE_ONE_SECURE by securekey'),
    dyno('service-2', 'web.1', 3),
    dyno('service-2', 'worker.1', 3),
  )
  expect(told).toMatchObject([
    {
      who: 'service-2',
      text: 'release v3: Update SERVICE_ONE_SECURE by securekey; web.1, worker.1 restart',
      details: [
        `SERVICE_ONE_SECURE_KEY=${value}`,
        `${fingerprint(NEW)} signs, ${fingerprint(OLD)} is accepted as well`,
      ],
    },
  ])
})

test('each app is told its own config, and a release that changes none is told without', () => {
  const told = tell(
    config('service-1', { SECURE_KEY: `${NEW},${OLD}` }),
    release('service-1', 3, 'Update SECURE by securekey'),
    release('service-1', 4, 'Rollback to v3'),
    release('service-2', 2, 'Set NAME config vars'),
  )
  expect(told.map(({ details }) => details?.length)).toEqual([2, 0, 0])
})

test('a var that goes is said to be gone, and the value of a var that holds no keys is not shown', () => {
  const [told] = tell(
    config('service-1', { SECURE_KEY: null, TOKEN: 'private' }),
    release('service-1', 3, 'x'),
  )
  expect(told?.details).toEqual(['SECURE_KEY is gone', 'TOKEN is set'])
})

test('a push is the step publish, by fingerprints, and says when Heroku did not take it', () => {
  const pair = `${fingerprint(NEW)},${fingerprint(OLD)}`
  expect(texts(apiCall({}))).toEqual([
    `securekey: publish  ${pair} sent to Heroku for every attached app; Heroku took it`,
  ])
  expect(tell(apiCall({ status: 503 }))).toMatchObject([{ tone: 'warning' }])
  expect(texts(apiCall({ status: 'lost' }))[0]).toContain("Heroku's answer: lost")
})

test('a push of other config vars is told by their names, set or taken away', () => {
  const ENDPOINT = 'SECURE_ENDPOINT_01C87AE3C05563935_URL'
  expect(texts(apiCall({ config: { [ENDPOINT]: 'https://vpce-01c87ae3c05563935.example/v1' } }))).toEqual([
    `securekey: publish  ${ENDPOINT} sent to Heroku for every attached app; Heroku took it`,
  ])
  expect(texts(apiCall({ config: { [ENDPOINT]: null } }))).toEqual([
    `securekey: publish  the end of ${ENDPOINT} sent to Heroku for every attached app; Heroku took it`,
  ])
})

test('other calls are told in short, ids by their first digits', () => {
  expect(texts(apiCall({ method: 'GET', config: null }), serviceCall({}))).toEqual([
    'securekey: GET /addons/01234567…/config -> 200',
    'heroku: POST /heroku/resources -> 200',
  ])
})

test("a customer's wishes read as the commands that the Heroku CLI would take", () => {
  const url = `http://127.0.0.1:5000/heroku/resources/${ID}`
  expect(texts(addon('create'), attachment('create', 'service-1'), addon('update'))).toEqual([
    'customer: heroku addons:create securekey:fortnightly -a service-1',
    'heroku: created securekey-solid-14332',
  ])
  expect(texts(attachment('create', 'service-2'))).toEqual([
    'customer: heroku addons:attach securekey-solid-14332 --as SERVICE_ONE_SECURE -a service-2',
  ])
  expect(texts(attachment('destroy', 'service-2'))).toEqual([
    'customer: heroku addons:detach SERVICE_ONE_SECURE -a service-2',
  ])
  expect(texts(serviceCall({ method: 'PUT', url, body: '{"plan":"weekly"}' }))[0]).toBe(
    'customer: heroku addons:upgrade securekey-solid-14332 securekey:weekly',
  )
  expect(texts(serviceCall({ method: 'DELETE', url, status: 204 }))[0]).toBe(
    'customer: heroku addons:destroy securekey-solid-14332',
  )
})

test('an app that is attached in the same moment in which the add-on came is told too', () => {
  expect(
    texts(addon('create'), attachment('create', 'service-1'), attachment('create', 'service-2')),
  ).toEqual([
    'customer: heroku addons:create securekey:fortnightly -a service-1',
    'heroku: created securekey-solid-14332',
    'customer: heroku addons:attach securekey-solid-14332 --as SERVICE_ONE_SECURE -a service-2',
  ])
})

test('an add-on is told with its options, as the command line takes them', () => {
  options = { 'encryption-key': 'arn:aws:kms:us-east-1:111111111111:key/1', fork: 'CODE' }
  expect(texts(addon('create'))[0]).toBe(
    'customer: heroku addons:create securekey:fortnightly -a service-1 -- --encryption-key arn:aws:kms:us-east-1:111111111111:key/1 --fork CODE',
  )
})

test('an attachment that takes the name of another is one command, which Heroku wants confirmed', () => {
  expect(texts(attachment('destroy', 'service-2'), attachment('create', 'service-2'))).toEqual([
    'customer: heroku addons:attach securekey-solid-14332 --as SERVICE_ONE_SECURE -a service-2 --confirm service-2',
  ])
})
