import cookieSession from 'cookie-session'
import express from 'express'
import { jwtVerify, SignJWT } from 'jose'
import { describe, expect, test } from 'vitest'
import { keyring } from '../../../clients/node/src/index.ts'
import { type App, pass, startProcess, useFormation } from './support/formation.ts'
import { createAddon, DAY_MS, HOUR_MS, MINUTE_MS, type Release } from './support/published.ts'
import { createVisitor } from './support/visitor.ts'

const LIFE_MS = 30 * DAY_MS

/** A site that remembers its visitors for as long as a signature is good. */
const create = (): App => (ring) => {
  const app = express()
  app.use(ring.cookieSession(cookieSession, { name: 'me', maxAge: ring.guaranteedLife * 1_000 }))
  app.post('/login', (request, response) => {
    if (request.session) request.session.user = String(request.query.user)
    response.end()
  })
  app.get('/', (request, response) => {
    response.end(String(request.session?.user ?? 'nobody'))
  })
  return app
}

/** A service that sends links which are good for 30 days. */
const tokensOf = (release: Release) => {
  const ring = keyring({ ...release, now: () => Date.now(), startedAt: Date.now(), settle: 0 })
  const jwt = ring.jwt({ purpose: 'link' })
  return {
    ring,
    async link() {
      const { header, key } = jwt.signing()
      return await new SignJWT({ sub: 'alice' }).setProtectedHeader(header).setExpirationTime('30d').sign(key)
    },
    async open(token: string) {
      try {
        return (await jwtVerify(token, jwt.getKey, { currentDate: new Date() })).payload.sub
      } catch {
        return 'refused'
      }
    },
  }
}

describe.each([
  ['weekly', 7 * DAY_MS, 6],
  ['fortnightly', 14 * DAY_MS, 4],
])('with --token-life 30d on plan %s', (_plan, periodMs, mostKeys) => {
  useFormation()

  test('a remember-me cookie, a JWT and a token of the last moment before a rotation are good for 30 days, over every rotation', async () => {
    const addon = createAddon({ tokenLifeMs: LIFE_MS, periodMs })
    let release = addon.provision()
    let process = await startProcess(create(), release)
    pass(periodMs - MINUTE_MS)
    const visitor = createVisitor()
    await visitor.login(process, 'alice')
    const { link, ring } = tokensOf(release)
    const jwt = await link()
    const token = ring.sign('alice', { purpose: 'link', expiresIn: '30d' })
    pass(MINUTE_MS)
    let most = 0
    // To an hour before the end, or what was signed ends by itself.
    for (let left = LIFE_MS - HOUR_MS; left > 0; left -= periodMs) {
      release = addon.rotate()
      process = await startProcess(create(), release)
      pass(Math.min(left, periodMs))
      const { open, ring: present } = tokensOf(release)
      expect(await open(jwt)).toBe('alice')
      expect(present.verify(token, { purpose: 'link' })).toMatchObject({ text: 'alice', renew: true })
      expect(present.guaranteedLife).toBe(LIFE_MS / 1_000)
      most = Math.max(most, present.keys.length)
    }
    // Nobody came by for 30 days, and the browser still sends the cookie.
    expect(await visitor.visit(process)).toBe('alice')
    expect(most).toBeLessThanOrEqual(mostKeys)
    expect(most).toBeGreaterThan(2)
    pass(8 * HOUR_MS)
    expect(await tokensOf(addon.rotate()).open(jwt)).toBe('refused')
  })

  test('a process that has just restarted signs for 30 days with the key that all others know', async () => {
    const addon = createAddon({ tokenLifeMs: LIFE_MS, periodMs })
    const before = addon.provision()
    pass(periodMs)
    const after = addon.rotate()
    const restarted = keyring({ ...after, now: () => Date.now(), startedAt: Date.now() })
    const old = keyring({ ...before, now: () => Date.now(), startedAt: Date.now() })
    const token = restarted.sign('alice', { purpose: 'link', expiresIn: '30d' })
    expect(old.verify(token, { purpose: 'link' })).toMatchObject({ text: 'alice' })
    expect(() => restarted.sign('alice', { purpose: 'link', expiresIn: '31d' })).toThrow(
      expect.objectContaining({ code: 'life-too-long' }),
    )
  })
})

describe('without a stated life', () => {
  useFormation()

  test('the same cookie is refused after the second rotation', async () => {
    const addon = createAddon({ periodMs: 7 * DAY_MS })
    const visitor = createVisitor()
    await visitor.login(await startProcess(create(), addon.provision()), 'alice')
    pass(7 * DAY_MS)
    addon.rotate()
    pass(7 * DAY_MS)
    expect(await visitor.visit(await startProcess(create(), addon.rotate()))).toBe('nobody')
  })
})
