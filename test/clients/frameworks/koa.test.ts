import Keygrip from 'keygrip'
import Koa from 'koa'
import { describe, expect, test } from 'vitest'
import { afterRotation, testHalfRenewal } from './support/by-hand.ts'
import { type App, startProcess, useFormation } from './support/formation.ts'
import { testHalfRestarted } from './support/half-restarted.ts'
import { testOddCookies } from './support/odd-cookies.ts'
import { Koa2 } from './support/older.ts'
import { createAddon, DAY_MS } from './support/published.ts'
import { testQuietPages } from './support/quiet-pages.ts'
import { testRotations } from './support/rotations.ts'
import { createVisitor, request } from './support/visitor.ts'

const LOGIN = {
  maxAge: 365 * DAY_MS,
  domain: 'example.com',
  path: '/',
  sameSite: 'lax',
  secure: true,
} as const

const create = (): App => (ring) => listen(ring.koa(new Koa(), { renew: { login: LOGIN } }))
const createOn2 = (): App => (ring) => listen(ring.koa(new Koa2(), { renew: { login: LOGIN } }))
const createUntold = (): App => (ring) => listen(ring.koa(new Koa()))

testRotations('koa', create, 'renews')
testRotations('koa, if the app does not say what a cookie is set with', createUntold, 'never-renews')
testHalfRestarted('koa', create, 'leaves-alone')
testOddCookies('koa', create)
testRotations('koa 2', createOn2, 'renews')
testHalfRestarted('koa 2', createOn2, 'leaves-alone')
testQuietPages('koa', create, 'quiet')

describe('koa: a signature that a process cannot know', () => {
  useFormation()

  test('is left in the browser when the app reads the cookie', async () => {
    const visitor = createVisitor()
    await visitor.login(await startProcess(create(), createAddon().provision()))
    const process = await startProcess(create(), createAddon().provision())
    const answer = await request(`${process}/`, { cookie: visitor.header() })
    expect(answer).toEqual({ status: 200, body: 'nobody', setCookies: [] })
  })
})

describe('koa: a renewed cookie', () => {
  useFormation()

  test('gives way to what the app sets in the same answer', async () => {
    const { visitor, process } = await afterRotation(create())
    const { setCookies } = await visitor.ask(process, '/again?user=bob')
    expect(setCookies).toEqual([expect.stringMatching(/^login=bob; /), expect.stringMatching(/^login.sig=./)])
  })

  test('is not sent over a connection that is not encrypted, and reading the old one is no error', async () => {
    const { visitor, process } = await afterRotation(create())
    const answer = await request(`${process}/`, { cookie: visitor.header(), scheme: 'http' })
    expect(answer).toEqual({ status: 200, body: 'alice', setCookies: [] })
  })

  test('is never half of one: without its attributes nothing is set', async () => {
    const { visitor, process } = await afterRotation(createUntold())
    expect(await visitor.ask(process, '/')).toEqual({ status: 200, body: 'alice', setCookies: [] })
  })
})

test('what is no Koa app is refused', async () => {
  const app: App = (ring) => listen(ring.koa({} as Koa))
  await expect(startProcess(app, createAddon().provision())).rejects.toMatchObject({ code: 'bad-option' })
})

describe('koa by hand, with app.keys of SECURE_KEY.split', () => {
  useFormation()
  const byHand: App = (_ring, { value }) => {
    const app = new Koa()
    app.keys = new Keygrip(value.split(','), 'sha256')
    return listen(app)
  }

  testHalfRenewal(byHand)

  test('is understood by an app with the library, and the other way round', async () => {
    const release = createAddon().provision()
    const [withLibrary, without] = [
      await startProcess(create(), release),
      await startProcess(byHand, release),
    ]
    const visitor = createVisitor()
    await visitor.login(without)
    expect(await visitor.visit(withLibrary)).toBe('alice')
    await visitor.login(withLibrary, 'bob')
    expect(await visitor.visit(without)).toBe('bob')
  })
})

function listen(app: Koa): ReturnType<Koa['callback']> {
  app.proxy = true
  app.use((context) => {
    const user = context.query.user === undefined ? undefined : String(context.query.user)
    if (context.path === '/login') {
      context.cookies.set('login', user, LOGIN)
      context.body = 'welcome'
    } else if (context.path === '/logout') {
      context.cookies.set('login', null, LOGIN)
      context.body = 'bye'
    } else if (context.path === '/again') {
      context.body = context.cookies.get('login', { signed: true })
      context.cookies.set('login', user, LOGIN)
    } else if (context.path === '/static') {
      context.body = 'static'
    } else {
      context.body = context.cookies.get('login', { signed: true }) ?? 'nobody'
    }
  })
  return app.callback()
}
