import express from 'express'
import session from 'express-session'
import { describe, expect, test } from 'vitest'
import { afterRotation, halfRestarted } from './support/by-hand.ts'
import { type App, startProcess, useFormation } from './support/formation.ts'
import { testHalfRestarted } from './support/half-restarted.ts'
import { testOddCookies } from './support/odd-cookies.ts'
import { express4 } from './support/older.ts'
import { createAddon, DAY_MS } from './support/published.ts'
import { testRotations } from './support/rotations.ts'
import { createVisitor } from './support/visitor.ts'

declare module 'express-session' {
  interface SessionData {
    user?: string
  }
}

const OPTIONS = {
  name: 'visit',
  cookie: { maxAge: 365 * DAY_MS, domain: 'example.com', path: '/', sameSite: 'lax', secure: true },
} as const

const createOn = (framework: typeof express) => (): App => {
  const store = new session.MemoryStore()
  return (ring) => appWith(session(ring.expressSession({ ...OPTIONS, store })), framework)
}
const create = createOn(express)

testRotations('express-session', create, 'renews')
testHalfRestarted('express-session', create, 'leaves-alone')
testOddCookies('express-session', create)
testRotations('express-session on Express 4', createOn(express4), 'renews')
testHalfRestarted('express-session on Express 4', createOn(express4), 'leaves-alone')

describe('express-session: options', () => {
  useFormation()

  test.each([
    ['secret', 'x'],
    ['rolling', false],
    ['saveUninitialized', true],
    ['resave', true],
  ])('%s: %s is refused', async (name, value) => {
    const app: App = (ring) => appWith(session(ring.expressSession({ [name]: value })))
    const start = startProcess(app, createAddon().provision())
    await expect(start).rejects.toMatchObject({ code: 'bad-option', place: name })
  })
})

describe('express-session by hand, with secret: SECURE_KEY.split', () => {
  useFormation()
  const byHand = (options: object) => (): App => {
    const store = new session.MemoryStore()
    const defaults = { resave: false, saveUninitialized: false }
    return (_ring, { value }) =>
      appWith(session({ ...defaults, ...options, store, secret: value.split(',') }))
  }

  test('without rolling it renews nothing: a daily visitor is logged out at the second rotation', async () => {
    const { visitor, process, rotateAgain } = await afterRotation(byHand({})())
    expect(await visitor.visit(process)).toBe('alice')
    expect(await visitor.visit(await rotateAgain())).toBe('nobody')
  })

  test('with saveUninitialized, its default, a new login is lost for good on a process that has not restarted', async () => {
    const app = byHand({ saveUninitialized: true })()
    const { notRestarted, restarted } = await halfRestarted(app)
    const fresh = createVisitor()
    await fresh.login(restarted)
    expect(await fresh.visit(notRestarted)).toBe('nobody')
    expect(await fresh.visit(restarted)).toBe('nobody')
  })
})

function appWith(sessions: express.RequestHandler, framework = express): express.Express {
  const app = framework()
  app.set('trust proxy', true)
  app.get('/static', (_request, response) => void response.send('static'))
  app.use(sessions)
  app.post('/login', (request, response) => {
    request.session.user = String(request.query.user)
    response.send('welcome')
  })
  app.post('/logout', (request, response) => {
    request.session.destroy(() => response.send('bye'))
  })
  app.get('/', (request, response) => void response.send(request.session.user ?? 'nobody'))
  return app
}
