// Compiled and never run: the lines that an app has, against the types of the real packages.
import { Auth, type AuthConfig } from '@auth/core'
import fastifyCookie from '@fastify/cookie'
import fastifySecureSession from '@fastify/secure-session'
import cookieParser from 'cookie-parser'
import cookieSession from 'cookie-session'
import express from 'express'
import session, { MemoryStore } from 'express-session'
import Fastify from 'fastify'
import { getIronSession } from 'iron-session'
import { jwtVerify, SignJWT } from 'jose'
import jsonwebtoken from 'jsonwebtoken'
import Koa from 'koa'
import koaSession from 'koa-session'
import Provider from 'oidc-provider'
import { keyring } from '../../../../clients/node/src/index.ts'

const keys = keyring()

const app = express()
app.use(keys.cookieSession(cookieSession, { maxAge: 1, sameSite: 'lax' }))
app.use(session(keys.expressSession({ store: new MemoryStore(), cookie: { maxAge: 1 } })))
app.use(cookieParser(keys.cookieParser()))
// @ts-expect-error The keyring sets the keys.
keys.cookieSession(cookieSession, { keys: ['x'] })
// @ts-expect-error It is not signed in any other way.
keys.cookieSession(cookieSession, { signed: false })
// @ts-expect-error There is no such option.
keys.cookieSession(cookieSession, { maxage: '1' })

const koa: Koa = keys.koa(new Koa(), { renew: { login: { maxAge: 1 } } })
koa.use(keys.koaSession(koaSession, { maxAge: 1 }, koa))
// @ts-expect-error An app of Express is none of Koa.
keys.koa(app)

const fastify = Fastify()
fastify.register(keys.fastifyCookie(fastifyCookie, { renew: { login: { maxAge: 1 } } }))
await fastify.register(keys.secureSession(fastifySecureSession, { cookie: { path: '/' } }))

const iron = keys.ironSession({ cookieName: 'visit', ttl: '12h', cookieOptions: { sameSite: 'lax' } })
const { user } = await getIronSession<{ user?: string }>(new Request('https://a'), new Response(), iron)
// @ts-expect-error iron-session needs the name of its cookie.
keys.ironSession({})

const jwt = keys.jwt({ expiresIn: '12h' })
const { header, key } = jwt.signing()
await jwtVerify(await new SignJWT({ user }).setProtectedHeader(header).sign(key), jwt.getKey)
jsonwebtoken.verify(
  jsonwebtoken.sign({ user }, key, { header }),
  jwt.keyFor,
  { algorithms: ['HS256'] },
  () => {},
)
jsonwebtoken.verify('x', jwt.keyOf('x'), { algorithms: ['HS256'] })

const provider: Provider = keys.oidcProvider(Provider, 'https://a', { ttl: { Session: 1 } })
// @ts-expect-error There is no such option.
keys.oidcProvider(Provider, 'https://a', { ttls: {} })

const auth: AuthConfig = { providers: [], ...keys.authJs({ maxAge: '12h' }) }
await Auth(new Request('https://a'), auth)

export { provider }
