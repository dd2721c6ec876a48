import fastifyCookie from '@fastify/cookie'
import fastifySession, { type SessionStore } from '@fastify/session'
import Fastify from 'fastify'
import { describe, expect, test } from 'vitest'
import { afterRotation, halfRestarted } from './support/by-hand.ts'
import { listenerOf } from './support/fastify-listener.ts'
import { type App, useFormation } from './support/formation.ts'

describe('@fastify/session by hand, for which there is no adapter', () => {
  useFormation()
  const byHand = (saveUninitialized: boolean): App => {
    const store = createStore()
    return async (_ring, { value }) => {
      const app = Fastify({ trustProxy: true })
      app.register(fastifyCookie)
      app.register(fastifySession, { secret: value.split(','), store, saveUninitialized, rolling: false })
      app.post<{ Querystring: { user: string } }>('/login', async (request) => {
        Object.assign(request.session, { user: request.query.user })
        return 'welcome'
      })
      app.get('/', async (request) => Reflect.get(request.session, 'user') ?? 'nobody')
      return await listenerOf(app)
    }
  }

  test('without saveUninitialized it answers the first visit after a rotation, and then clears its cookie', async () => {
    const { visitor, process } = await afterRotation(byHand(false))
    expect(await visitor.visit(process)).toBe('alice')
    expect(await visitor.visit(process)).toBe('nobody')
  })

  test('with saveUninitialized, its default, a process that has not restarted overwrites a login for good', async () => {
    const { visitor, notRestarted, restarted } = await halfRestarted(byHand(true))
    expect(await visitor.visit(restarted)).toBe('alice')
    expect(await visitor.visit(notRestarted)).toBe('nobody')
    expect(await visitor.visit(restarted)).toBe('nobody')
  })
})

/** As a database keeps it; the store in memory keeps the object with the signature that it once had. */
function createStore(): SessionStore {
  const sessions = new Map<string, string>()
  return {
    get: (id, done) => done(null, JSON.parse(sessions.get(id) ?? 'null')),
    set: (id, session, done) => {
      sessions.set(id, JSON.stringify(session))
      done()
    },
    destroy: (id, done) => {
      sessions.delete(id)
      done()
    },
  }
}
