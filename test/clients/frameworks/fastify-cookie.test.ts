import fastifyCookie from '@fastify/cookie'
import fastifySession from '@fastify/session'
import Fastify, { type FastifyInstance } from 'fastify'
import { describe, expect, test } from 'vitest'
import { afterRotation } from './support/by-hand.ts'
import { listenerOf } from './support/fastify-listener.ts'
import { type App, startProcess, useFormation } from './support/formation.ts'
import { testHalfRestarted } from './support/half-restarted.ts'
import { testOddCookies } from './support/odd-cookies.ts'
import { createAddon, DAY_MS } from './support/published.ts'
import { testQuietPages } from './support/quiet-pages.ts'
import { testRotations } from './support/rotations.ts'
import { createVisitor } from './support/visitor.ts'

const LOGIN = {
  maxAge: (365 * DAY_MS) / 1_000,
  domain: 'example.com',
  path: '/',
  sameSite: 'lax',
  secure: true,
  httpOnly: true,
} as const

const createWith =
  (options: Parameters<Parameters<App>[0]['fastifyCookie']>[1]): (() => App) =>
  () =>
  async (ring) => {
    const app = Fastify({ trustProxy: true })
    app.register(ring.fastifyCookie(fastifyCookie, options))
    return await listenerOf(withRoutes(app))
  }
const create = createWith({ renew: { login: LOGIN } })

testRotations('@fastify/cookie', create, 'renews')
testRotations(
  '@fastify/cookie, if the app does not say what a cookie is set with',
  createWith({}),
  'never-renews',
)
testHalfRestarted('@fastify/cookie', create, 'leaves-alone')
testOddCookies('@fastify/cookie', create)
testQuietPages('@fastify/cookie', create, 'quiet')

describe('@fastify/cookie: a renewed cookie', () => {
  useFormation()

  test('gives way to what the app sets in the same answer', async () => {
    const { visitor, process } = await afterRotation(create())
    const { setCookies } = await visitor.ask(process, '/login?user=bob', 'POST')
    expect(setCookies).toEqual([expect.stringMatching(/^login=bob\./)])
  })

  test.each(['public', 'max-age=60, s-maxage=60', 'immutable'])(
    'never comes with an answer that a shared cache may keep: %s',
    async (kept) => {
      const { visitor, process } = await afterRotation(create())
      const { body, setCookies } = await visitor.ask(process, `/?cache-control=${encodeURIComponent(kept)}`)
      expect([body, setCookies]).toEqual(['alice', []])
    },
  )
})

describe('@fastify/cookie: the signer', () => {
  useFormation()

  test('says renew for an older key, and not for a newer one, which a stale process must not turn back', async () => {
    const addon = createAddon({ next: true })
    const app = createWith({})()
    const before = await startProcess(app, addon.provision())
    const [early, late] = [createVisitor(), createVisitor()]
    await early.login(before)
    const after = await startProcess(app, addon.rotate(), { settle: 0 })
    await late.login(after)
    const read = async (visitor: typeof early, process: string) =>
      JSON.parse((await visitor.ask(process, '/unsigned')).body)
    expect(await read(early, after)).toEqual({ valid: true, renew: true, value: 'alice' })
    expect(await read(late, before)).toEqual({ valid: true, renew: false, value: 'alice' })
  })

  test('understands what the own signer of the plugin makes of SECURE_KEY.split, and the other way round', async () => {
    const release = createAddon().provision()
    const byHand: App = async (_ring, { value }) => {
      const app = Fastify({ trustProxy: true })
      app.register(fastifyCookie, { secret: value.split(',') })
      return await listenerOf(withRoutes(app))
    }
    const [withLibrary, without] = [
      await startProcess(create(), release),
      await startProcess(byHand, release),
    ]
    const visitor = createVisitor()
    for (const user of ['alice', 'bob', 'carol', 'dave', 'erin', 'frank', 'grace', 'heidi']) {
      await visitor.login(without, user)
      expect(await visitor.visit(withLibrary)).toBe(user)
      await visitor.login(withLibrary, user.toUpperCase())
      expect(await visitor.visit(without)).toBe(user.toUpperCase())
    }
  })
})

describe('@fastify/cookie: what is refused', () => {
  useFormation()

  test.each(['secret', 'algorithm'])('the option %s, which the keyring sets', async (name) => {
    const start = startProcess(createWith({ [name]: 'x' })(), createAddon().provision())
    await expect(start).rejects.toMatchObject({ code: 'bad-option', place: name })
  })

  test('@fastify/session, which clears or overwrites what it does not know', async () => {
    const app: App = async (ring) => {
      const fastify = Fastify()
      fastify.register(ring.fastifyCookie(fastifySession))
      return await listenerOf(fastify)
    }
    const start = startProcess(app, createAddon().provision())
    await expect(start).rejects.toMatchObject({
      code: 'unsafe-framework',
      message: expect.stringContaining('secure-session'),
    })
  })
})

function withRoutes(app: FastifyInstance): FastifyInstance {
  app.post<{ Querystring: { user: string } }>('/login', async (request, reply) => {
    return reply.setCookie('login', request.query.user, { ...LOGIN, signed: true }).send('welcome')
  })
  app.post('/logout', async (_request, reply) => reply.clearCookie('login', LOGIN).send('bye'))
  app.get('/static', async (_request, reply) => reply.header('cache-control', 'public').send('static'))
  app.get('/unsigned', async (request) => request.unsignCookie(request.cookies.login ?? ''))
  app.get<{ Querystring: { 'cache-control'?: string } }>('/', async (request, reply) => {
    const { login } = request.cookies
    const kept = request.query['cache-control']
    if (kept) reply.header('cache-control', kept)
    return (login && request.unsignCookie(login).value) || 'nobody'
  })
  return app
}
