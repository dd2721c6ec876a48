import { afterEach, describe, expect, test } from 'vitest'
import { answers, keysOf, listening, liveRing, says, tokenOf } from './support/live.ts'
import { entry, keyText } from './support/rings.ts'

const server = listening()
afterEach(server.reset)

const asked = { purpose: 'login', expiresIn: 60 }

const REVOKED = answers(
  { type: 'urn:securekey:problem:keys-revoked' },
  { 'content-type': 'application/problem+json', 'retry-after': '10' },
  503,
)

describe('keys that were revoked', () => {
  test('are accepted no more, and one that nobody has signs until the successors come', async () => {
    const successors = keysOf(9, { keys: [entry.sign(9)], reason: 'revoke' })
    const before = answers(keysOf(5, { keys: [entry.next(6), entry.sign(5), entry.verify(4)] }), {
      etag: '"5"',
    })
    server.will(before, REVOKED, REVOKED, answers(successors))
    const live = await liveRing(server)
    const list = live.ring.liveSecrets()
    await live.next()
    expect([6, 5, 4].map((version) => live.ring.verify(tokenOf(version), asked).ok)).toEqual([
      false,
      false,
      false,
    ])
    const [standIn, ...more] = [...list]
    expect(more).toEqual([])
    expect([4, 5, 6].map(keyText)).not.toContain(standIn)
    expect(live.ring.keys).toEqual([{ kid: live.ring.kid, use: 'sign' }])
    expect([live.ring.reason, live.ring.rotatedAt, live.ring.guaranteedLife]).toEqual([
      'revoke',
      undefined,
      604_800,
    ])
    const token = live.ring.sign('x', asked)
    expect(live.ring.verify(token, asked).ok).toBe(true)
    expect(live.timers.planned()).toBe(10_500)
    await live.next()
    expect([...list]).toEqual([standIn])
    expect(server.asked()[2]?.headers).not.toHaveProperty('if-none-match')
    await live.next()
    expect([...list][0]).toBe(keyText(9))
    expect(live.ring.verify(token, asked).ok).toBe(false)
    expect(live.warnings).toEqual(['refresh-revoked'])
    expect(live.changes).toHaveLength(3)
    expect(live.state()).toMatchObject({ state: 'fresh', failed: 0 })
  })

  test.each([
    ['the pair that was held', keysOf(5)],
    ['an older pair', keysOf(4)],
    ['a revoked key in the second place', keysOf(6)],
    ['their version, with another key', keysOf(9, { keys: [{ ...entry.sign(9), version: 5 }] })],
  ])('do not come back: %s', async (_, body) => {
    server.will(REVOKED, answers(body), says(304))
    const live = await liveRing(server)
    const standIn = live.ring.kid
    await live.next()
    expect(live.state()).toMatchObject({ state: 'revoked', failure: 'older' })
    await live.next()
    expect(live.state()).toMatchObject({ state: 'revoked', failure: 'not-asked' })
    expect(live.ring.kid).toBe(standIn)
  })

  test('go on in frameworks that number their keys', async () => {
    server.will(REVOKED)
    const live = await liveRing(server)
    const { password } = live.ring.ironSession({ cookieName: 'visit' })
    expect(Object.keys(password)).toEqual(['0'])
  })
})
