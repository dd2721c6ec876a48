import { inspect } from 'node:util'
import fastifyCookie from '@fastify/cookie'
import secureSession from '@fastify/secure-session'
import cookieSession from 'cookie-session'
import Fastify from 'fastify'
import Koa from 'koa'
import { describe, expect, test } from 'vitest'
import { keyring } from '../../../clients/node/src/index.ts'
import { createAddon } from './support/published.ts'

const release = createAddon().provision()
const ring = keyring(release)

describe('what a framework was given shows no key when it is printed or turned into JSON', () => {
  test.each<[string, () => unknown]>([
    ['cookie-session', () => ring.cookieSession(cookieSession)],
    ['express-session', () => ring.expressSession({ name: 'visit' })],
    ['cookie-parser', () => ({ list: ring.cookieParser() })],
    ['koa', () => ring.koa(new Koa()).keys],
    ['@fastify/cookie', () => ring.fastifyCookie(fastifyCookie)],
    ['@fastify/secure-session', () => ring.secureSession(secureSession)],
    ['iron-session', () => ring.ironSession({ cookieName: 'visit' })],
    ['jwt', () => [ring.jwt(), ring.jwt().signing()]],
    ['Auth.js', () => ring.authJs()],
  ])('%s', (_name, make) => {
    const made = make()
    const shown = `${inspect(made, { depth: 9, showHidden: true })} ${JSON.stringify(made)}`
    for (const key of release.value.split(',')) {
      const bytes = Buffer.from(key, 'hex')
      for (const form of [key, key.toLowerCase(), bytes.toString('base64'), bytes.toString('base64url')]) {
        expect(shown).not.toContain(form)
      }
    }
  })

  test('a list is a list all the same', () => {
    const list = ring.cookieParser()
    expect(Array.isArray(list)).toBe(true)
    expect([list.length, [...list], list.map((key) => key), Object.keys(list)]).toEqual([
      2,
      ring.secrets(),
      ring.secrets(),
      ['0', '1'],
    ])
    expect(() => list.push('x')).toThrow(TypeError)
    expect(() => structuredClone(list)).toThrow()
    expect([inspect(list), inspect(list, { customInspect: false })]).toEqual(['[2 keys]', '[]'])
  })
})

test('a Fastify app that is printed shows no key', async () => {
  const app = Fastify()
  await app.register(ring.secureSession(secureSession, { cookie: { path: '/' } }))
  const shown = inspect(app, { depth: 9, showHidden: true })
  for (const key of release.value.split(',')) expect(shown).not.toContain(key)
})
