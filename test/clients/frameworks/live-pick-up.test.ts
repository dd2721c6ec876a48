import cookieSession from 'cookie-session'
import express from 'express'
import { expect, onTestFinished, test } from 'vitest'
import { keyring } from '../../../clients/node/src/index.ts'
import { requestRotation } from '../../../src/flows/dashboard/request-rotation.ts'
import { revokeKeys } from '../../../src/flows/dashboard/revoke-keys.ts'
import { type ApiHarness, startApi } from '../../api/support/api.ts'
import { ANN, tokenOf } from '../../api/support/token.ts'
import { DAY, HOUR, MINUTE } from '../../support/harness.ts'
import { until } from '../node/support/live.ts'
import { createTimers } from '../node/support/timers.ts'
import { pass, serve, useFormation } from './support/formation.ts'
import { createVisitor } from './support/visitor.ts'

const MAX_AGE = 13 * DAY

useFormation()

/** A process of an Express app with cookie-session, which has the config vars of now and asks the service. */
async function startShop(h: ApiHarness, { refresh = true } = {}) {
  const { SECURE_KEY: value, SECURE_KEYRING: keyringValue } = h.heroku.view.configVars('service-1')
  const clock = { now: () => h.clock.now().getTime() }
  const timers = createTimers(() => {})
  const { text: token } = await tokenOf(h, ['keyring'])
  const asked = { url: `${h.url}/v1`, token, setTimer: timers.setTimer, app: 'service-1', process: 'web.1' }
  const ring = keyring({
    ...{ value, keyringValue, now: clock.now, startedAt: clock.now(), onWarning: () => {} },
    ...(refresh && { refresh: asked }),
  })
  onTestFinished(() => ring.close())
  const app = express()
  app.use(ring.cookieSession(cookieSession, { maxAge: MAX_AGE }))
  app.post('/login', (request, response) => {
    Object.assign(request, { session: { user: request.query.user } })
    response.send('welcome')
  })
  app.get('/', (request, response) => void response.send(request.session?.user ?? 'nobody'))
  const shop = { ring, url: await serve(app), ask: async () => {} }
  if (!refresh) return shop
  await until(() => timers.planned() !== undefined)
  const ask = async () => {
    timers.fire()
    await until(() => timers.planned() !== undefined || ring.stats().refresh?.state === 'stopped')
  }
  return { ...shop, ask }
}

const rotate = async (h: ApiHarness) => {
  await requestRotation(h.deps, { resourceId: h.addon.id, actor: ANN, evenIfTooSoon: true })
  await h.worker1.tick()
}
const signsAtHeroku = (h: ApiHarness) =>
  JSON.parse(h.heroku.view.configVars('service-1').SECURE_KEYRING ?? '').keys[0].kid

/** Lets time pass for the service, for the rings and for the browsers. */
const wait = (h: ApiHarness, ms: number) => {
  h.clock.advance(ms)
  pass(ms)
}

test('a rotation reaches a process that does not restart, and nobody is logged out over three of them', async () => {
  const h = await startApi()
  const shop = await startShop(h)
  const [before, visitor] = [shop.ring.kid, createVisitor()]
  await visitor.login(shop.url)
  for (let rotations = 1; rotations <= 3; rotations += 1) {
    wait(h, 10 * DAY)
    await rotate(h)
    wait(h, MINUTE)
    await shop.ask()
    expect(await visitor.visit(shop.url)).toBe('alice')
    wait(h, 2 * HOUR)
    await shop.ask()
    expect([rotations, shop.ring.kid]).toEqual([rotations, signsAtHeroku(h)])
    expect(await visitor.visit(shop.url)).toBe('alice')
  }
  expect(shop.ring.kid).not.toBe(before)
  const read = await h.callerWith('read')
  const { body } = await read('GET', '/resource')
  expect(JSON.stringify(body)).toContain(`"process":"web.1","signs_with":"${shop.ring.kid}"`)
  expect(shop.ring.stats().refresh).toMatchObject({ failed: 0, checkInsFailed: 0 })
})

test('a login goes to and fro between a process that asks and one that has restarted, before and after the first has asked', async () => {
  const h = await startApi()
  const [asks, old, fresh] = [await startShop(h), createVisitor(), createVisitor()]
  await old.login(asks.url, 'old')
  for (let rotations = 1; rotations <= 3; rotations += 1) {
    wait(h, 10 * DAY)
    await rotate(h)
    wait(h, MINUTE)
    const restarted = await startShop(h, { refresh: false })
    await fresh.login(restarted.url, 'fresh')
    const toAndFro = async () => {
      for (const { url } of [asks, restarted, asks, restarted]) {
        expect([await old.visit(url), await fresh.visit(url)]).toEqual(['old', 'fresh'])
      }
    }
    await toAndFro()
    wait(h, 5 * MINUTE)
    await asks.ask()
    await toAndFro()
    wait(h, HOUR)
    await toAndFro()
    wait(h, HOUR)
    await toAndFro()
  }
})

test('a revoke reaches a process that does not restart: every login ends, and new ones are good', async () => {
  const h = await startApi()
  const [shop, visitor] = [await startShop(h), createVisitor()]
  await visitor.login(shop.url)
  wait(h, HOUR)
  await revokeKeys(h.deps, { resourceId: h.addon.id, actor: ANN, keepTokens: true })
  await shop.ask()
  expect(shop.ring.stats().refresh).toMatchObject({ state: 'revoked' })
  expect(await visitor.visit(shop.url)).toBe('nobody')
  await visitor.login(shop.url)
  expect(await visitor.visit(shop.url)).toBe('alice')
  await h.worker1.tick()
  await shop.ask()
  expect(shop.ring.kid).toBe(signsAtHeroku(h))
  expect(await visitor.visit(shop.url)).toBe('nobody')
  await visitor.login(shop.url)
  expect(await visitor.visit(shop.url)).toBe('alice')
})

test('a revoke that ends the token too stops the asking, and the app goes on', async () => {
  const h = await startApi()
  const shop = await startShop(h)
  await revokeKeys(h.deps, { resourceId: h.addon.id, actor: ANN, keepTokens: false })
  await shop.ask()
  expect(shop.ring.stats().refresh).toMatchObject({ state: 'stopped', stopped: 'unauthenticated' })
  const visitor = createVisitor()
  await visitor.login(shop.url)
  expect(await visitor.visit(shop.url)).toBe('alice')
})
