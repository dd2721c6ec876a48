import type { IncomingMessage, ServerResponse } from 'node:http'
import { createServer } from 'node:http'
import fastifyCookie from '@fastify/cookie'
import fastifySecureSession from '@fastify/secure-session'
import cookieParser from 'cookie-parser'
import cookieSession from 'cookie-session'
import express from 'express'
import expressSession from 'express-session'
import fastify from 'fastify'
import { sealData } from 'iron-session'
import { SignJWT } from 'jose'
import jsonwebtoken from 'jsonwebtoken'
import Keygrip from 'keygrip'
import Koa from 'koa'
import koaSession from 'koa-session'
import { kidOf } from './reference.ts'

/** What a login says in all of them. */
export const SAYS = { user: 42 }
/** The name of every login cookie. */
export const COOKIE = 'login'
/** A week, less a minute: what the rings guarantee is longer. */
const LIFE_S = 604_740

/** The keys that a framework is given: the first signs. */
export type Given = { texts: readonly string[]; versions: Readonly<Record<string, number>> }
/** Cookies, by name, as a browser sends them back. */
export type Cookies = Record<string, string>
export type Framework = { login: (given: Given) => Promise<Cookies>; says: (cookies: Cookies) => unknown }

/** How each framework makes a login, by its own name. What the cookie itself does not hold, `says` takes from it. */
export const NODE_FRAMEWORKS: Readonly<Record<string, Framework>> = {
  'cookie-session': {
    login: ({ texts }) => {
      const app = express()
      app.use(cookieSession({ name: COOKIE, keys: new Keygrip([...texts], 'sha256') }))
      app.use((request, response) => {
        Object.assign(request.session ?? {}, SAYS)
        response.end()
      })
      return cookiesOf(app)
    },
    says: () => SAYS,
  },
  'express-session': {
    login: ({ texts }) => {
      const app = express()
      app.use(
        expressSession({
          name: COOKIE,
          secret: [...texts],
          resave: false,
          saveUninitialized: false,
          rolling: true,
        }),
      )
      app.use((request, response) => {
        Object.assign(request.session, SAYS)
        response.end()
      })
      return cookiesOf(app)
    },
    // The session stands in a store; the cookie holds its id.
    says: (cookies) => ({
      id: decodeURIComponent(cookies[COOKIE] ?? '')
        .slice(2)
        .split('.')[0],
    }),
  },
  'cookie-parser': {
    login: ({ texts }) => {
      const app = express()
      app.use(cookieParser([...texts]))
      app.use((_request, response) => {
        response.cookie(COOKIE, JSON.stringify(SAYS), { signed: true }).end()
      })
      return cookiesOf(app)
    },
    says: () => JSON.stringify(SAYS),
  },
  koa: {
    login: ({ texts }) => {
      const app = new Koa()
      app.keys = new Keygrip([...texts], 'sha256')
      app.use((context) => {
        context.cookies.set(COOKIE, 'user-42', { signed: true })
        context.body = ''
      })
      return cookiesOf(app.callback())
    },
    says: () => 'user-42',
  },
  'koa-session': {
    login: ({ texts }) => {
      const app = new Koa()
      app.keys = new Keygrip([...texts], 'sha256')
      app.use(koaSession({ key: COOKIE, maxAge: LIFE_S * 1_000 }, app))
      app.use((context) => {
        Object.assign(context.session ?? {}, SAYS)
        context.body = ''
      })
      return cookiesOf(app.callback())
    },
    says: () => SAYS,
  },
  '@fastify/cookie': {
    login: async ({ texts }) => {
      const app = fastify()
      await app.register(fastifyCookie, { secret: [...texts] })
      app.get('/', (_request, reply) =>
        reply.setCookie(COOKIE, JSON.stringify(SAYS), { signed: true }).send(),
      )
      return injected(app)
    },
    says: () => JSON.stringify(SAYS),
  },
  '@fastify/secure-session': {
    login: async ({ texts }) => {
      const app = fastify()
      const key = texts.map((text) => Buffer.from(text, 'hex'))
      await app.register(fastifySecureSession, { cookieName: COOKIE, key })
      app.get('/', (request, reply) => {
        request.session.set('user' as never, SAYS.user as never)
        return reply.send()
      })
      return injected(app)
    },
    says: () => SAYS,
  },
  'iron-session': {
    login: async ({ texts, versions }) => {
      const password = Object.fromEntries(texts.slice(0, 1).map((text) => [versions[text] ?? 0, text]))
      return { [COOKIE]: await sealData(SAYS, { password, ttl: LIFE_S }) }
    },
    says: () => SAYS,
  },
  jose: {
    login: async ({ texts: [text = ''] }) => {
      const token = new SignJWT(SAYS).setProtectedHeader({ alg: 'HS256', kid: kidOf(text) })
      return { [COOKIE]: await token.setExpirationTime(`${LIFE_S} s`).sign(Buffer.from(text)) }
    },
    says: () => SAYS,
  },
  jsonwebtoken: {
    login: async ({ texts: [text = ''] }) => ({
      [COOKIE]: jsonwebtoken.sign(SAYS, text, { algorithm: 'HS256', keyid: kidOf(text), expiresIn: LIFE_S }),
    }),
    says: () => SAYS,
  },
}

type Handler = (request: IncomingMessage, response: ServerResponse) => unknown

/** What a browser keeps after one request. */
async function cookiesOf(handler: Handler): Promise<Cookies> {
  const server = createServer(handler)
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve)
  })
  try {
    const address = server.address()
    if (address === null || typeof address === 'string') throw new Error('the server has no port')
    const response = await fetch(`http://127.0.0.1:${address.port}/`)
    return Object.fromEntries(response.headers.getSetCookie().map(pairOf))
  } finally {
    server.closeAllConnections()
    server.close()
  }
}

async function injected(app: {
  inject: (url: string) => Promise<{ headers: object }>
  close: () => unknown
}) {
  const { headers } = await app.inject('/')
  await app.close()
  const set: unknown = Reflect.get(headers, 'set-cookie')
  return Object.fromEntries([set].flat().map((line) => pairOf(String(line))))
}

/** Name and value of a Set-Cookie header. */
function pairOf(header: string): [name: string, value: string] {
  const [pair = ''] = header.split(';')
  const at = pair.indexOf('=')
  return [pair.slice(0, at), pair.slice(at + 1)]
}
