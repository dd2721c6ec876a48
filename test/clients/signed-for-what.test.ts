import fastifyCookie from '@fastify/cookie'
import cookieParser from 'cookie-parser'
import express, { type Request, type Response } from 'express'
import fastify from 'fastify'
import { jwtVerify } from 'jose'
import { describe, expect, test } from 'vitest'
import { keyring } from '../../clients/node/src/index.ts'
import { createAddon } from './frameworks/support/published.ts'

/** What the pages of Express, Fastify and JSON Web Tokens warn of: these signatures do not say what they are for. */
const ring = keyring(createAddon().provision())
const encode = (part: object) => Buffer.from(JSON.stringify(part)).toString('base64url')
/** What a visitor asks an app to keep in a signed cookie. */
const CHOSEN = `${encode({ alg: 'HS256' })}.${encode({ sub: 'admin' })}`

const packages: [string, { sign: (value: string) => Promise<string>; read: (signed: string) => unknown }][] =
  [
    [
      'cookie-parser',
      { sign: signedByExpress, read: (value) => cookieParser.signedCookie(value, ring.secrets()) },
    ],
    [
      '@fastify/cookie',
      {
        sign: signedByFastify,
        read: (value) => new fastifyCookie.Signer(ring.secrets()).unsign(value).value,
      },
    ],
  ]

describe.each(packages)('a value that a visitor chose, signed by %s,', (_name, { sign, read }) => {
  test('is good as a cookie of any name, for the signature holds none', async () => {
    expect(read(await sign('42'))).toBe('42')
  })

  test('is a JSON Web Token of the same key, but none that was made for a purpose', async () => {
    const signed = (await sign(CHOSEN)).replace(/^s:/, '')
    const [head, payload, mac = ''] = signed.split('.')
    const token = `${head}.${payload}.${Buffer.from(mac, 'base64').toString('base64url')}`
    expect((await jwtVerify(token, ring.jwt().getKey)).payload.sub).toBe('admin')
    const { getKey } = ring.jwt({ purpose: 'login' })
    await expect(jwtVerify(token, getKey)).rejects.toThrow()
    const [first] = ring.keys
    const named = `${encode({ alg: 'HS256', kid: first?.kid ?? '' })}.${payload}`
    const mac2 = (await sign(named)).replace(/^s:/, '').split('.')[2] ?? ''
    const forged = `${named}.${Buffer.from(mac2, 'base64').toString('base64url')}`
    expect((await jwtVerify(forged, ring.jwt().getKey)).payload.sub).toBe('admin')
    await expect(jwtVerify(forged, getKey)).rejects.toThrow('signature verification failed')
  })
})

test('a token of the library is good for its purpose alone, whatever its text is', () => {
  const token = ring.sign(CHOSEN, { purpose: 'language', expiresIn: '12h' })
  expect(ring.verify(token, { purpose: 'login' })).toEqual({ ok: false, reason: 'bad-mac' })
})

async function signedByExpress(value: string): Promise<string> {
  const app = express()
  app.use(cookieParser(ring.cookieParser()))
  const { promise, resolve } = Promise.withResolvers<string>()
  app.use((_request: Request, response: Response) => {
    response.cookie('language', value, { signed: true })
    resolve(cookieIn(String(response.getHeader('set-cookie'))))
    response.end()
  })
  const server = app.listen(0, '127.0.0.1')
  server.once('listening', () => {
    const address = server.address()
    const port = typeof address === 'object' ? address?.port : undefined
    fetch(`http://127.0.0.1:${port}/`).catch(() => {})
  })
  return await promise.finally(() => server.close())
}

async function signedByFastify(value: string): Promise<string> {
  const app = fastify()
  await app.register(ring.fastifyCookie(fastifyCookie))
  app.get('/', async (_request, reply) => reply.setCookie('language', value, { signed: true }).send(''))
  return cookieIn(String((await app.inject('/')).headers['set-cookie']))
}

function cookieIn(line: string): string {
  return decodeURIComponent(/^language=([^;]*)/.exec(line)?.[1] ?? '')
}
