import cookieSession from 'cookie-session'
import express from 'express'
import { describe, expect, test } from 'vitest'
import type { KeyringOptions } from '../../../clients/node/src/index.ts'
import { afterRotation, testHalfRenewal } from './support/by-hand.ts'
import { type App, pass, startProcess, useFormation } from './support/formation.ts'
import { testHalfRestarted } from './support/half-restarted.ts'
import { testOddCookies } from './support/odd-cookies.ts'
import { cookieSession1, express4 } from './support/older.ts'
import { createAddon, DAY_MS, HOUR_MS, PERIOD_MS } from './support/published.ts'
import { testQuietPages } from './support/quiet-pages.ts'
import { testRotations } from './support/rotations.ts'
import { createVisitor, request } from './support/visitor.ts'

const OPTIONS = {
  name: 'visit',
  maxAge: 365 * DAY_MS,
  domain: 'example.com',
  path: '/',
  sameSite: 'lax',
  secure: true,
} as const

const create = (): App => (ring) => appWith(ring.cookieSession(cookieSession, OPTIONS))
const createOn4 = (): App => (ring) => appWith(ring.cookieSession(cookieSession, OPTIONS), express4)

testRotations('cookie-session', create, 'renews')
testHalfRestarted('cookie-session', create, 'leaves-alone')
testOddCookies('cookie-session', create)
testQuietPages('cookie-session', create, 'quiet')
testRotations('cookie-session on Express 4', createOn4, 'renews')
testHalfRestarted('cookie-session on Express 4', createOn4, 'leaves-alone')

describe('cookie-session: a signature that a process cannot know', () => {
  useFormation()

  const unknownTo = async () => {
    const visitor = createVisitor()
    await visitor.login(await startProcess(create(), createAddon().provision()))
    const cookie = visitor.header()
    return { cookie, process: await startProcess(create(), createAddon().provision()) }
  }

  test('is left in the browser when the app reads the session', async () => {
    const { cookie, process } = await unknownTo()
    expect(await request(`${process}/`, { cookie })).toEqual({ status: 200, body: 'nobody', setCookies: [] })
  })

  test('is overwritten when the app writes to the session, and cleared when it ends it', async () => {
    const { cookie, process } = await unknownTo()
    const login = await request(`${process}/login?user=bob`, { method: 'POST', cookie })
    expect(login.setCookies).toEqual([
      expect.stringMatching(/^visit=e/),
      expect.stringMatching(/^visit.sig=./),
    ])
    const logout = await request(`${process}/logout`, { method: 'POST', cookie })
    expect(logout.setCookies[0]).toMatch(/^visit=; .*expires=Thu, 01 Jan 1970/)
  })

  test('takes nothing from the other cookies of the request', async () => {
    const { cookie, process } = await unknownTo()
    const { body } = await request(`${process}/cookies`, { cookie: `a=1; ${cookie}; visit.sigh=2;b="3"` })
    expect(body).toMatch(/^a=1; visit=[^;]+; visit.sigh=2;b="3"$/)
  })
})

test('cookie-session: over a connection that is not encrypted, a secure cookie is not renewed, and never by half', async () => {
  const { visitor, process } = await afterRotation(create())
  const answer = await request(`${process}/`, { cookie: visitor.header(), scheme: 'http' })
  expect(answer).toEqual({ status: 200, body: 'alice', setCookies: [] })
})

describe('cookie-session: options', () => {
  useFormation()

  test.each(['keys', 'secret', 'signed'])('%s, which the keyring sets, is refused', async (name) => {
    const app: App = (ring) => appWith(ring.cookieSession(cookieSession, { [name]: ['x'] }))
    await expect(startProcess(app, createAddon().provision())).rejects.toMatchObject({
      code: 'bad-option',
      place: name,
    })
  })
})

test('cookie-session 1, which cannot be told to renew, is refused at the start', async () => {
  const app: App = (ring) => appWith(ring.cookieSession(cookieSession1))
  await expect(startProcess(app, createAddon().provision())).rejects.toMatchObject({
    code: 'unsafe-framework',
    message: expect.stringContaining('use version 2'),
  })
})

describe('cookie-session by hand, with keys: SECURE_KEY.split', () => {
  useFormation()
  const byHand: App = (_ring, { value }) => appWith(cookieSession({ ...OPTIONS, keys: value.split(',') }))

  testHalfRenewal(byHand)
})

describe('cookie-session: from lines by hand to the library', () => {
  useFormation()
  const byHand: App = (_ring, { value }) => appWith(cookieSession({ ...OPTIONS, keys: value.split(',') }))

  test('a login signed with SHA-1 by hand is good, and is signed with SHA-256 after the next rotation', async () => {
    const addon = createAddon()
    const release = addon.provision()
    const visitor = createVisitor()
    await visitor.login(await startProcess(byHand, release))
    const withLibrary = await startProcess(create(), release)
    const same = await visitor.ask(withLibrary, '/')
    expect(same).toEqual({ status: 200, body: 'alice', setCookies: [] })
    expect(visitor.jar.get('visit.sig')?.value).toHaveLength(27)
    pass(PERIOD_MS)
    const after = await startProcess(create(), addon.rotate())
    pass(HOUR_MS)
    expect(await visitor.visit(after)).toBe('alice')
    expect(visitor.jar.get('visit.sig')?.value).toHaveLength(43)
    expect(await visitor.visit(after)).toBe('alice')
  })
})

describe('cookie-session: a grace period of two hours', () => {
  useFormation()

  const formation = async (next: boolean, options: KeyringOptions = {}) => {
    const addon = createAddon({ next, graceMs: 2 * HOUR_MS })
    const notRestarted = await startProcess(create(), addon.provision())
    pass(PERIOD_MS)
    const release = addon.rotate()
    pass(1_000)
    const fresh = createVisitor()
    await fresh.login(await startProcess(create(), release, options))
    return await fresh.visit(notRestarted)
  }

  test('leaves no settle time, for the second key ends before what it would sign: only the next key helps', async () => {
    expect(await formation(false)).toBe('nobody')
    expect(await formation(true)).toBe('alice')
  })

  test('leaves a settle time to an app that states a shorter life', async () => {
    expect(await formation(false, { maxLife: '1h' })).toBe('alice')
  })
})

function appWith(session: express.RequestHandler, framework = express): express.Express {
  const app = framework()
  app.set('trust proxy', true)
  app.use(session)
  app.post('/login', (request, response) => {
    Object.assign(request, { session: { user: request.query.user } })
    response.send('welcome')
  })
  app.post('/logout', (request, response) => {
    const { user } = request.session
    Object.assign(request, { session: null })
    response.send(`bye ${user}`)
  })
  app.get('/static', (_request, response) => void response.send('static'))
  app.get('/cookies', (request, response) => void response.send(request.headers.cookie))
  app.get('/', (request, response) => void response.send(request.session?.user ?? 'nobody'))
  return app
}
