import fastifyCookie from '@fastify/cookie'
import secureSession from '@fastify/secure-session'
import Fastify, { type FastifyInstance, type FastifyRequest } from 'fastify'
import { describe, expect, test } from 'vitest'
import { keyring } from '../../../clients/node/src/index.ts'
import { listenerOf } from './support/fastify-listener.ts'
import { type App, startProcess, useFormation } from './support/formation.ts'
import { testHalfRestarted } from './support/half-restarted.ts'
import { testOddCookies } from './support/odd-cookies.ts'
import { createAddon, DAY_MS } from './support/published.ts'
import { testQuietPages } from './support/quiet-pages.ts'
import { testRotations } from './support/rotations.ts'

const YEAR_S = (365 * DAY_MS) / 1_000
const OPTIONS = {
  cookieName: 'visit',
  expiry: YEAR_S,
  cookie: { maxAge: YEAR_S, domain: 'example.com', path: '/', sameSite: 'lax', secure: true },
} as const

const createWith =
  (options: object): (() => App) =>
  () =>
  async (ring) => {
    const app = Fastify({ trustProxy: true })
    app.register(ring.secureSession(secureSession, { ...options }))
    return await listenerOf(withRoutes(app))
  }
const create = createWith(OPTIONS)

testRotations('@fastify/secure-session', create, 'renews')
testHalfRestarted('@fastify/secure-session', create, 'leaves-alone')
testOddCookies('@fastify/secure-session', create)
testQuietPages('@fastify/secure-session', create, 'any-page')

describe('@fastify/secure-session: what is refused', () => {
  useFormation()

  test.each(['key', 'secret', 'salt'])('the option %s, which the keyring sets', async (name) => {
    const start = startProcess(createWith({ [name]: 'x' })(), createAddon().provision())
    await expect(start).rejects.toMatchObject({ code: 'bad-option', place: name })
  })

  test('a signature over the sealed session, which is made with one key for ever', async () => {
    const start = startProcess(createWith({ cookie: { signed: true } })(), createAddon().provision())
    await expect(start).rejects.toMatchObject({ code: 'bad-option', place: 'signed' })
  })

  test('another plugin', async () => {
    const app: App = async (ring) => {
      const fastify = Fastify()
      fastify.register(ring.secureSession(fastifyCookie))
      return await listenerOf(fastify)
    }
    await expect(startProcess(app, createAddon().provision())).rejects.toMatchObject({
      code: 'unsafe-framework',
    })
  })
})

describe('@fastify/secure-session beside @fastify/cookie', () => {
  const ring = keyring(createAddon().provision())
  const cookies = () => ring.fastifyCookie(fastifyCookie)
  const sessions = () => ring.secureSession(secureSession, OPTIONS)

  test('comes after it, and both work', async () => {
    const app = Fastify()
    await app.register(cookies())
    await app.register(sessions())
    app.get('/', async (request, reply) => {
      sessionOf(request).set('user', 'alice')
      return reply.setCookie('language', 'en', { signed: true }).send('')
    })
    const set = String((await app.inject('/')).headers['set-cookie'])
    expect([set.includes('visit='), set.includes('language=en.')]).toEqual([true, true])
  })

  test('does not start if it comes first, for it has registered that plugin itself', async () => {
    const app = Fastify()
    await app.register(sessions())
    const second = Promise.resolve(app.register(cookies()))
    await expect(second).rejects.toMatchObject({ code: 'FST_ERR_DEC_ALREADY_PRESENT' })
  })
})

function withRoutes(app: FastifyInstance): FastifyInstance {
  app.post<{ Querystring: { user: string } }>('/login', async (request) => {
    sessionOf(request).set('user', request.query.user)
    return 'welcome'
  })
  app.post('/logout', async (request) => {
    sessionOf(request).delete()
    return 'bye'
  })
  app.get('/static', async () => 'static')
  app.get('/', async (request) => sessionOf(request).get('user') ?? 'nobody')
  return app
}

/** Another plugin of this repository's tests declares the same name. */
function sessionOf(request: FastifyRequest): secureSession.Session<{ user: string }> {
  return request.session as unknown as secureSession.Session<{ user: string }>
}
