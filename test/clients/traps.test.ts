import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import secureSession from '@fastify/secure-session'
import cookieSession from 'cookie-session'
import express from 'express'
import expressSession from 'express-session'
import fastify from 'fastify'
import { sealData, unsealData } from 'iron-session'
import { createLocalJWKSet, jwtVerify, SignJWT } from 'jose'
import Keygrip from 'keygrip'
import Koa from 'koa'
import { describe, expect, test } from 'vitest'
import { keyVectors } from '../../clients/vectors/make/keys.ts'

/** What the pages of docs/using warn of, seen in the frameworks themselves: no keyring here, just lists of keys. */
const [ONE = '', TWO = '', THREE = ''] = keyVectors().map(({ text }) => text)
const FRESH = [TWO, ONE]
const ROTATED = [THREE, TWO]

type Handler = (request: IncomingMessage, response: ServerResponse) => unknown

/** The Set-Cookie lines of one request. */
async function setBy(handler: Handler, cookie = ''): Promise<string[]> {
  const server = createServer(handler)
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve)
  })
  try {
    const address = server.address()
    if (address === null || typeof address === 'string') throw new Error('the server has no port')
    const response = await fetch(`http://127.0.0.1:${address.port}/`, { headers: { cookie } })
    await response.text()
    return response.headers.getSetCookie()
  } finally {
    server.closeAllConnections()
    server.close()
  }
}

const cookieOf = (lines: string[]) => lines.map((line) => line.split(';')[0]).join('; ')

describe('cookie-session by hand', () => {
  const appOf = (keys: string[], login: boolean) => {
    const app = express()
    app.use(cookieSession({ name: 'login', keys, maxAge: 86_400_000, sameSite: 'lax' }))
    app.use((request, response) => {
      if (login) Object.assign(request.session ?? {}, { user: 42 })
      response.end(String(Reflect.get(request.session ?? {}, 'user')))
    })
    return app
  }

  test('renews the signature alone, without its age and SameSite', async () => {
    const login = await setBy(appOf(FRESH, true))
    expect(login.every((line) => /expires=.*samesite=lax/i.test(line))).toBe(true)
    const renewed = await setBy(appOf(ROTATED, false), cookieOf(login))
    expect(renewed.map((line) => line.split('=')[0])).toEqual(['login.sig'])
    expect(renewed[0]).not.toMatch(/expires|samesite/i)
  })

  test('in a process that has not restarted deletes the signature of a newer cookie', async () => {
    const login = await setBy(appOf(ROTATED, true))
    const [deleted = ''] = await setBy(appOf(FRESH, false), cookieOf(login))
    expect(deleted).toMatch(/^login\.sig=;.*expires=Thu, 01 Jan 1970/)
  })
})

test('an app with an empty key accepts what anybody signs', () => {
  const empty = ''.split(',')
  expect(new Keygrip(empty).verify('user=1', new Keygrip(['']).sign('user=1'))).toBe(true)
})

test('Koa by hand signs with SHA-1, and a process that has not restarted deletes a newer signature', async () => {
  const appOf = (keys: string[]) => {
    const app = new Koa()
    app.keys = keys
    app.use((context) => {
      if (context.cookies.get('login', { signed: true }) === undefined) context.body = 'nobody'
      if (!context.headers.cookie) context.cookies.set('login', '42', { signed: true, maxAge: 86_400_000 })
    })
    return app.callback()
  }
  const login = await setBy(appOf(ROTATED))
  const signature = /login\.sig=([^;]+)/.exec(login.join())?.[1] ?? ''
  expect(Buffer.from(signature, 'base64url')).toHaveLength(20)
  const [deleted = ''] = await setBy(appOf(FRESH), cookieOf(login))
  expect(deleted).toMatch(/^login\.sig=;.*expires=Thu, 01 Jan 1970/)
  const renewed = await setBy(appOf([ONE, ...ROTATED]), cookieOf(login))
  expect(renewed[0]).toMatch(/^login\.sig=[^;]/)
  expect(renewed[0]).not.toMatch(/expires/)
})

test('express-session with saveUninitialized overwrites a login whose key the process does not know', async () => {
  const appOf = (secret: string[], saveUninitialized: boolean) => {
    const app = express()
    app.use(expressSession({ name: 'login', secret, resave: false, saveUninitialized }))
    app.use((request, response) => {
      if (!request.headers.cookie) Object.assign(request.session, { user: 42 })
      response.end()
    })
    return app
  }
  const login = cookieOf(await setBy(appOf(ROTATED, false)))
  expect(await setBy(appOf(FRESH, false), login)).toEqual([])
  expect(cookieOf(await setBy(appOf(FRESH, true), login))).toMatch(/^login=s/)
})

test('@fastify/secure-session reads a key that is a text as base64, and does not start with one of ours', async () => {
  const app = fastify()
  const started = app.register(secureSession, { key: [TWO, ONE] as never }).after(() => {})
  await expect(Promise.resolve(started).then(() => app.ready())).rejects.toThrow(/key/i)
})

test('iron-session with passwords by their places seals with the key that leaves', async () => {
  const byPlace = ([first = '', second = '']: string[]) => ({ 1: first, 2: second })
  const seal = await sealData({ user: 42 }, { password: byPlace(FRESH) })
  expect(await unsealData(seal, { password: byPlace(FRESH) })).toEqual({ user: 42 })
  expect(await unsealData(seal, { password: byPlace(ROTATED) })).toEqual({})
})

test('jose refuses an empty key, and a set of symmetric keys', async () => {
  const token = await new SignJWT({}).setProtectedHeader({ alg: 'HS256', kid: 'a' }).sign(Buffer.from(ONE))
  await expect(jwtVerify(token, Buffer.from(''))).rejects.toThrow()
  const set = createLocalJWKSet({
    keys: [{ kty: 'oct', kid: 'a', k: Buffer.from(ONE).toString('base64url') }],
  })
  await expect(jwtVerify(token, set)).rejects.toMatchObject({ code: 'ERR_JOSE_NOT_SUPPORTED' })
})
