import { randomUUID } from 'node:crypto'
import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import type { FastifyInstance, FastifySchema } from 'fastify'
import type { TSchema } from 'typebox'
import { Check } from 'typebox/value'
import { afterAll, expect, onTestFinished, test } from 'vitest'
import { ADDON } from '../../src/config.ts'
import { createApp } from '../../src/http/app.ts'
import { createLogger } from '../../src/logger.ts'
import { PASSWORD, SSO_SALT } from '../support/harness.ts'
import { sharedHarness } from '../support/shared-harness.ts'
import {
  basic,
  callPartnerApi,
  type PartnerCall,
  provisionBody,
  provisionOne,
} from './support/partner-call.ts'

/** The schemas of all routes, as they are registered: `PUT /heroku/resources/:id` and so on. */
const schemas = new Map<string, FastifySchema | undefined>()
function noteRoutes(message: unknown): void {
  const { fastify } = message as { fastify: FastifyInstance }
  fastify.addHook('onRoute', ({ method, url, schema }) => void schemas.set(`${method} ${url}`, schema))
}
subscribe('fastify.initialization', noteRoutes)
afterAll(() => void unsubscribe('fastify.initialization', noteRoutes))

const harness = sharedHarness()

const ROUTES = {
  POST: 'POST /heroku/resources',
  PUT: 'PUT /heroku/resources/:id',
  DELETE: 'DELETE /heroku/resources/:id',
} as const

/** The schema of a route for a status: the very one, or that of its hundred. */
function schemaOf(method: keyof typeof ROUTES, status: number): TSchema | undefined {
  const response = schemas.get(ROUTES[method])?.response as Record<string, TSchema> | undefined
  return response?.[status] ?? response?.[`${Math.floor(status / 100)}xx`]
}

type Answered = PartnerCall & { method: keyof typeof ROUTES }

/** Fails unless the answer has that status, its route describes that status, and the answer is just as described. */
async function expectDescribed(call: Answered, status: number, app = harness().app): Promise<void> {
  const answer = await callPartnerApi(app, call)
  expect(answer.status).toBe(status)
  const schema = schemaOf(call.method, status)
  if (!schema) throw new Error(`${ROUTES[call.method]} does not describe ${status}`)
  const body = answer.json ?? null
  expect(Check(schema, body)).toBe(true)
  expect(Object.keys(body ?? {}).toSorted()).toEqual(
    Object.keys((schema as { properties?: object }).properties ?? {}).toSorted(),
  )
}

const live = () => provisionOne(harness().app)
async function gone(): Promise<string> {
  const id = await live()
  await callPartnerApi(harness().app, { method: 'DELETE', path: `/${id}` })
  return id
}

const WRONG = { authorization: basic('securekey', 'wrong') }

test.each<[string, number, () => Promise<Answered> | Answered]>([
  ['a provision', 200, () => ({ method: 'POST', body: provisionBody() })],
  [
    'a repeated provision',
    200,
    async () => ({ method: 'POST', body: provisionBody({ uuid: await live() }) }),
  ],
  ['a plan change', 200, async () => ({ method: 'PUT', path: `/${await live()}`, body: { plan: 'weekly' } })],
  [
    'a change to the same plan',
    200,
    async () => ({ method: 'PUT', path: `/${await live()}`, body: { plan: 'fortnightly' } }),
  ],
  ['a deprovision', 204, async () => ({ method: 'DELETE', path: `/${await live()}` })],
  ['a provision without a plan', 400, () => ({ method: 'POST', body: { uuid: randomUUID() } })],
  ['a provision that is no JSON', 400, () => ({ method: 'POST', body: '{' })],
  ['a plan change without a plan', 400, async () => ({ method: 'PUT', path: `/${await live()}`, body: {} })],
  [
    'a provision with wrong credentials',
    401,
    () => ({ method: 'POST', body: provisionBody(), headers: WRONG }),
  ],
  ['a plan change with wrong credentials', 401, () => ({ method: 'PUT', path: '/x', headers: WRONG })],
  ['a deprovision with wrong credentials', 401, () => ({ method: 'DELETE', path: '/x', headers: WRONG })],
  [
    'a plan change of nothing',
    404,
    () => ({ method: 'PUT', path: `/${randomUUID()}`, body: { plan: 'weekly' } }),
  ],
  ['a deprovision of nothing', 404, () => ({ method: 'DELETE', path: '/not-a-uuid' })],
  [
    'a provision of what is gone',
    410,
    async () => ({ method: 'POST', body: provisionBody({ uuid: await gone() }) }),
  ],
  [
    'a plan change of what is gone',
    410,
    async () => ({ method: 'PUT', path: `/${await gone()}`, body: { plan: 'weekly' } }),
  ],
  ['a deprovision of what is gone', 410, async () => ({ method: 'DELETE', path: `/${await gone()}` })],
  [
    'a provision of more than 64 KiB',
    413,
    () => ({ method: 'POST', body: provisionBody({ x: 'x'.repeat(66_000) }) }),
  ],
  [
    'a provision on an unknown plan',
    422,
    () => ({ method: 'POST', body: provisionBody({ plan: 'hourly' }) }),
  ],
  [
    'a provision with an option that is none',
    422,
    () => ({ method: 'POST', body: provisionBody({ options: { grace: '1s' } }) }),
  ],
  [
    'a plan change to an unknown plan',
    422,
    async () => ({ method: 'PUT', path: `/${await live()}`, body: { plan: 'hourly' } }),
  ],
])('the answer to %s is %i, as its route describes it', async (_what, status, callOf) => {
  await expectDescribed(await callOf(), status)
})

test.each(['POST', 'PUT', 'DELETE'] as const)(
  'the answer to a %s that fails on our side is 500, as its route describes it',
  async (method) => {
    const { deps } = harness()
    const id = await live()
    const broken = () => {
      throw new TypeError('internal words')
    }
    const app = await createApp(
      { ...deps, now: broken },
      {
        credentials: { username: ADDON.id, password: PASSWORD },
        dashboard: { ssoSalt: SSO_SALT, secureCookies: false },
        logger: createLogger({ level: 'silent', process: 'test' }),
        readiness: { troubles: async () => [], mayProvision: async () => true },
      },
    )
    onTestFinished(() => app.close())
    const body = method === 'POST' ? provisionBody() : { plan: 'weekly' }
    await expectDescribed({ method, body, ...(method !== 'POST' && { path: `/${id}` }) }, 500, app)
  },
)

test('every route of the partner API is among those that were called', () => {
  const partner = [...schemas.keys()].filter((route) => / \/heroku\/resources(\/:id)?$/.test(route))
  const ours = partner.filter((route) => !route.startsWith('GET ') && !route.startsWith('HEAD '))
  expect(ours.toSorted()).toEqual(Object.values(ROUTES).toSorted())
})
