import Koa from 'koa'
import session, { type CreateSessionOptions } from 'koa-session'
import { describe, expect, test } from 'vitest'
import { type App, pass, startProcess, useFormation } from './support/formation.ts'
import { testHalfRestarted } from './support/half-restarted.ts'
import { testOddCookies } from './support/odd-cookies.ts'
import { createAddon, DAY_MS } from './support/published.ts'
import { testQuietPages } from './support/quiet-pages.ts'
import { attributesOf, testRotations } from './support/rotations.ts'
import { createVisitor } from './support/visitor.ts'

const OPTIONS: CreateSessionOptions = {
  key: 'visit',
  maxAge: 365 * DAY_MS,
  sameSite: 'lax',
  secure: true,
}

const createWith = (options: () => CreateSessionOptions) => (): App => {
  const shared = options()
  return (ring) => {
    const app = new Koa()
    return listen(app, ring.koaSession(session, { ...OPTIONS, ...shared }, app))
  }
}
const inCookie = createWith(() => ({}))
const inStore = createWith(() => {
  const sessions = new Map<string, unknown>()
  const store = {
    get: async (key: string) => sessions.get(key),
    set: async (key: string, value: unknown) => void sessions.set(key, value),
    destroy: async (key: string) => void sessions.delete(key),
  }
  return { store }
})

for (const [name, create] of [
  ['koa-session', inCookie],
  ['koa-session with a store', inStore],
] as const) {
  testRotations(name, create, 'renews')
  testHalfRestarted(name, create, 'leaves-alone')
  testOddCookies(name, create)
  testQuietPages(name, create, 'quiet')
}

describe('koa-session: a renewed cookie', () => {
  useFormation()

  test.each([
    ['in the cookie', inCookie],
    ['in a store', inStore],
  ])('keeps the age that the app gave this session, %s', async (_where, create) => {
    const addon = createAddon()
    const app = create()
    const visitor = createVisitor()
    await visitor.ask(await startProcess(app, addon.provision()), '/login?user=alice&days=3', 'POST')
    pass(DAY_MS)
    const after = await startProcess(app, addon.rotate(), { settle: 0 })
    const { body, setCookies } = await visitor.ask(after, '/')
    expect([body, attributesOf(setCookies)]).toEqual([
      'alice',
      {
        visit: expect.objectContaining({ leftS: 3 * 86_400 }),
        'visit.sig': expect.objectContaining({ leftS: 3 * 86_400 }),
      },
    ])
  })
})

describe('koa-session beside signed cookies of the app', () => {
  useFormation()

  test.each([
    ['before', true],
    ['after', false],
  ])('leaves them renewed, if they are told of %s it', async (_order, cookiesFirst) => {
    const create: App = (ring) => {
      const app = new Koa()
      const options = { maxAge: 3 * DAY_MS, sameSite: 'lax' } as const
      const tellCookies = () => ring.koa(app, { renew: { basket: options } })
      if (cookiesFirst) tellCookies()
      const sessions = ring.koaSession(session, { ...OPTIONS }, app)
      if (!cookiesFirst) tellCookies()
      app.use((context, next) => {
        if (context.path === '/login') context.cookies.set('basket', 'full', options)
        else context.cookies.get('basket', { signed: true })
        return next()
      })
      return listen(app, sessions)
    }
    const addon = createAddon()
    const visitor = createVisitor()
    await visitor.login(await startProcess(create, addon.provision()))
    const after = await startProcess(create, addon.rotate(), { settle: 0 })
    const { setCookies } = await visitor.ask(after, '/')
    expect(Object.keys(attributesOf(setCookies)).sort()).toEqual([
      'basket',
      'basket.sig',
      'visit',
      'visit.sig',
    ])
  })
})

test('koa-session without signatures is refused', async () => {
  const app: App = (ring) => {
    const koa = new Koa()
    return listen(koa, ring.koaSession(session, { signed: false }, koa))
  }
  await expect(startProcess(app, createAddon().provision())).rejects.toMatchObject({
    code: 'bad-option',
    place: 'signed',
  })
})

function listen(app: Koa, sessions: Koa.Middleware): ReturnType<Koa['callback']> {
  app.proxy = true
  app.use(sessions)
  app.use((context) => {
    if (context.path === '/login') {
      context.session.user = context.query.user
      if (context.query.days) context.session.maxAge = Number(context.query.days) * DAY_MS
      context.body = 'welcome'
    } else if (context.path === '/logout') {
      context.session = null
      context.body = 'bye'
    } else if (context.path === '/static') {
      context.body = 'static'
    } else {
      context.body = context.session.user ?? 'nobody'
    }
  })
  return app.callback()
}
