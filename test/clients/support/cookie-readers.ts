import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import fastifyCookie from '@fastify/cookie'
import fastifySecureSession from '@fastify/secure-session'
import cookieParser from 'cookie-parser'
import cookieSession from 'cookie-session'
import express from 'express'
import expressSession from 'express-session'
import fastify from 'fastify'
import { unsealData } from 'iron-session'
import { jwtVerify } from 'jose'
import jsonwebtoken from 'jsonwebtoken'
import Koa from 'koa'
import koaSession from 'koa-session'
import type { Keyring } from '../../../clients/node/src/index.ts'

/** What a process of that ring reads out of a cookie header; undefined where nobody is logged in. */
type Reader = (ring: Keyring, header: string, cookies: Record<string, string>) => Promise<unknown>

const NAME = 'login'

/** The adapters of the Node library, each around its real framework. */
export const NODE_READERS: Readonly<Record<string, Reader>> = {
  'cookie-session': (ring, header) => {
    const app = express()
    app.use(ring.cookieSession(cookieSession, { name: NAME }))
    app.use((request, response) => {
      const session = { ...request.session }
      response.json(Object.keys(session).length > 0 ? session : null)
    })
    return asked(app, header)
  },
  'express-session': (ring, header, cookies) => {
    const id =
      decodeURIComponent(cookies[NAME] ?? '')
        .slice(2)
        .split('.')[0] ?? ''
    const store = new expressSession.MemoryStore()
    store.set(id, { cookie: { originalMaxAge: null }, known: true } as never)
    const app = express()
    app.use(expressSession(ring.expressSession({ name: NAME, store })))
    app.use((request, response) => {
      response.json('known' in request.session ? { id: request.sessionID } : null)
    })
    return asked(app, header)
  },
  'cookie-parser': (ring, header) => {
    const app = express()
    app.use(cookieParser(ring.cookieParser()))
    app.use((request, response) => {
      response.json(request.signedCookies[NAME] || null)
    })
    return asked(app, header)
  },
  koa: (ring, header) => {
    const app = ring.koa(new Koa())
    app.use((context) => {
      context.body = JSON.stringify(context.cookies.get(NAME, { signed: true }) ?? null)
    })
    return asked(app.callback(), header)
  },
  'koa-session': (ring, header) => {
    const app = new Koa()
    app.use(ring.koaSession(koaSession, { key: NAME }, app))
    app.use((context) => {
      context.body = JSON.stringify(context.session?.isNew === false ? context.session : null)
    })
    return asked(app.callback(), header)
  },
  '@fastify/cookie': async (ring, header) => {
    const app = fastify()
    await app.register(ring.fastifyCookie(fastifyCookie))
    app.get('/', async (request) => {
      const { valid, value } = request.unsignCookie(request.cookies[NAME] ?? '')
      return JSON.stringify(valid ? value : null)
    })
    return injected(app, header)
  },
  '@fastify/secure-session': async (ring, header) => {
    const app = fastify()
    await app.register(ring.secureSession(fastifySecureSession, { cookieName: NAME }))
    app.get('/', async (request) => {
      const user = request.session.get('user' as never)
      return JSON.stringify(user === undefined ? null : { user })
    })
    return injected(app, header)
  },
  'iron-session': async (ring, _header, cookies) => {
    const { password, ttl } = ring.ironSession({ cookieName: NAME })
    const session = await unsealData<object>(cookies[NAME] ?? '', { password, ttl })
    return Object.keys(session).length > 0 ? session : undefined
  },
  jose: async (ring, _header, cookies) => {
    try {
      const { payload } = await jwtVerify(cookies[NAME] ?? '', ring.jwt().getKey, { algorithms: ['HS256'] })
      return { user: payload.user }
    } catch {
      return undefined
    }
  },
  jsonwebtoken: async (ring, _header, cookies) => {
    const token = cookies[NAME] ?? ''
    try {
      const { user } = Object(jsonwebtoken.verify(token, ring.jwt().keyOf(token), { algorithms: ['HS256'] }))
      return { user }
    } catch {
      return undefined
    }
  },
}

/** The JSON that a handler answers; undefined for null. */
async function asked(
  handler: (request: IncomingMessage, response: ServerResponse) => unknown,
  cookie: string,
): Promise<unknown> {
  const server = createServer(handler)
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve)
  })
  try {
    const address = server.address()
    if (address === null || typeof address === 'string') throw new Error('the server has no port')
    const response = await fetch(`http://127.0.0.1:${address.port}/`, { headers: { cookie } })
    return (await response.json()) ?? undefined
  } finally {
    server.closeAllConnections()
    server.close()
  }
}

async function injected(
  app: {
    inject: (request: { url: string; headers: { cookie: string } }) => Promise<{ body: string }>
    close: () => Promise<unknown>
  },
  cookie: string,
): Promise<unknown> {
  const { body } = await app.inject({ url: '/', headers: { cookie } })
  await app.close()
  return JSON.parse(body) ?? undefined
}
