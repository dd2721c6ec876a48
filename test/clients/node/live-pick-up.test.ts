import { inspect } from 'node:util'
import { afterEach, describe, expect, test } from 'vitest'
import {
  answers,
  keysOf,
  listening,
  liveRing,
  says,
  startLive,
  TOKEN,
  tokenOf,
  until,
} from './support/live.ts'
import { DAY, entry, HOUR, keyText, kidOf, ROTATED, ringAt } from './support/rings.ts'

const server = listening()
afterEach(server.reset)

const asked = { purpose: 'login', expiresIn: 60 }
const ROTATION = { rotated_at: new Date(ROTATED + HOUR).toISOString() }

describe('an answer with a new pair', () => {
  test('is taken at once: the new key signs, the old one is accepted, and what it does not name is no more', async () => {
    server.will(answers(keysOf(5)), answers(keysOf(6, { reason: 'manual' })))
    const live = await liveRing(server, { settle: 0 })
    expect(live.ring.kid).toBe(kidOf(5))
    expect(live.changes).toEqual([])
    await live.next()
    expect(live.ring.kid).toBe(kidOf(6))
    expect(live.ring.keys.map(({ version, use }) => [version, use])).toEqual([
      [6, 'sign'],
      [5, 'verify'],
    ])
    const verdicts = [6, 5, 4].map((version) => live.ring.verify(tokenOf(version), asked))
    expect(verdicts.map(({ ok }) => ok)).toEqual([true, true, false])
    expect(live.changes).toEqual([{ kid: kidOf(6), reason: 'manual' }])
    expect(live.ring.reason).toBe('manual')
  })

  test('changes the lists that frameworks hold, in their place', async () => {
    server.will(answers(keysOf(5)), answers(keysOf(6)))
    const live = await liveRing(server, { settle: 0 })
    const list = live.ring.liveSecrets()
    expect([...list]).toEqual([keyText(5), keyText(4)])
    await live.next()
    expect([...list]).toEqual([keyText(6), keyText(5)])
  })

  test('keeps older keys that it names to their end', async () => {
    const keys = [entry.sign(7), entry.verify(6), entry.further(5, ROTATED + DAY)]
    server.will(answers(keysOf(7, { keys })))
    const live = await liveRing(server)
    expect(live.ring.verify(tokenOf(5), asked).ok).toBe(true)
    live.clock.ms = ROTATED + DAY
    expect(live.ring.verify(tokenOf(5), asked).ok).toBe(false)
  })

  test('lets it sign with the second key for the settle time, counted from now', async () => {
    server.will(answers(keysOf(5)), answers(keysOf(6, ROTATION)), answers(keysOf(6, ROTATION)))
    const live = await liveRing(server)
    await live.next()
    const taken = live.clock.ms
    expect(live.ring.kid).toBe(kidOf(5))
    live.clock.ms = taken + 4_199_000
    expect(live.ring.kid).toBe(kidOf(5))
    // The same keys again: the time goes on.
    await live.next()
    live.clock.ms = taken + 4_200_000
    expect(live.ring.kid).toBe(kidOf(6))
  })

  test('brings an announced key, which then signs without a settle time being needed', async () => {
    server.will(answers(keysOf(5, { keys: [entry.next(6), entry.sign(5), entry.verify(4)] })))
    const live = await liveRing(server)
    expect(live.ring.verify(tokenOf(6), asked).ok).toBe(true)
  })

  test('comes with what the app has counted so far', async () => {
    server.will(answers(keysOf(5)), answers(keysOf(6)))
    const live = await liveRing(server)
    live.ring.verify(tokenOf(5), asked)
    live.ring.verify(tokenOf(4), asked)
    await live.next()
    expect(live.ring.stats().verified).toEqual({ [kidOf(6)]: 0, [kidOf(5)]: 1 })
  })
})

describe('the request', () => {
  test('carries the token, asks for JSON without compression, and for the rest sends the ETag it was given', async () => {
    const etag = '"a!#~/\\{"'
    server.will(answers(keysOf(5), { etag }), says(304))
    const live = await liveRing(server)
    await live.next()
    const [first, second] = server.asked()
    expect(first?.headers).toMatchObject({ accept: 'application/json', 'accept-encoding': 'identity' })
    expect(first?.headers.authorization).toMatch(/^Bearer sk_api_/)
    expect(first?.headers).not.toHaveProperty('if-none-match')
    expect(second?.headers['if-none-match']).toBe(etag)
    expect(live.state()).toMatchObject({ state: 'fresh', taken: 1, unchanged: 1, failed: 0 })
  })

  test.each([['no-quotes'], ['"a"b"'], ['"\u00e9"'], [`"${'x'.repeat(201)}"`], ['"a", "b"'], ['']])(
    'does not send an odd ETag back: %j',
    async (etag) => {
      server.will(answers(keysOf(5), { etag }))
      const live = await liveRing(server)
      await live.next()
      expect(server.asked()[1]?.headers).not.toHaveProperty('if-none-match')
      expect(live.state()).toMatchObject({ taken: 2, failed: 0 })
    },
  )

  test('is answered as well where blanks stand behind the values of the headers', async () => {
    const told = { etag: '"a"  ', 'refresh-after': '600 ', 'content-encoding': 'Identity ' }
    server.will(answers(keysOf(6), told))
    const live = await liveRing(server, { settle: 0 })
    expect(live.state()).toMatchObject({ state: 'fresh', taken: 1 })
    expect(live.timers.planned()).toBe(600_000)
    await live.next()
    expect(server.asked()[1]?.headers['if-none-match']).toBe('"a"')
  })

  test('may be answered with 304 for ever', async () => {
    server.will(answers(keysOf(5), { etag: 'W/"1"' }), says(304))
    const live = await liveRing(server)
    for (let times = 0; times < 50; times += 1) await live.next()
    expect(live.state()).toMatchObject({ state: 'fresh', unchanged: 50, failed: 0 })
    expect(live.ring.kid).toBe(kidOf(5))
  })
})

describe('a kid that the ring does not hold', () => {
  test('makes one early request in 30 seconds, also after one that failed', async () => {
    server.will(answers(keysOf(5)), says(500), answers(keysOf(6)))
    const live = await liveRing(server, { settle: 0 })
    expect(live.ring.verify(tokenOf(6), asked)).toEqual({ ok: false, reason: 'unknown-key' })
    live.ring.verify(tokenOf(6), asked)
    await live.turnIsOver()
    expect(server.asked()).toHaveLength(2)
    live.clock.ms += 29_999
    live.ring.verify(tokenOf(6), asked)
    expect(server.asked()).toHaveLength(2)
    live.clock.ms += 1
    live.ring.verify(tokenOf(6), asked)
    await until(() => live.state()?.taken === 2)
    expect(live.ring.verify(tokenOf(6), asked).ok).toBe(true)
  })

  test('does so where a derived key is asked for', async () => {
    server.will(answers(keysOf(5)), answers(keysOf(6)))
    const live = await liveRing(server, { settle: 0 })
    expect(() => live.ring.derive('mail', { kid: kidOf(6) })).toThrow('unknown-key')
    await until(() => live.state()?.taken === 2)
    expect(live.ring.derive('mail', { kid: kidOf(6) })).toHaveLength(32)
  })

  test('does so in a token of jose too', async () => {
    server.will(answers(keysOf(5)), answers(keysOf(6)))
    const live = await liveRing(server, { settle: 0 })
    const { getKey } = live.ring.jwt()
    expect(() => getKey({ alg: 'HS256', kid: kidOf(6) })).toThrow('unknown-key')
    await until(() => live.state()?.taken === 2)
    expect(getKey({ alg: 'HS256', kid: kidOf(6) })).toBeDefined()
  })

  test('makes none while a request is under way, and none before Retry-After is over', async () => {
    server.will(() => {}, says(429, { 'retry-after': '100' }), answers(keysOf(6)))
    const live = startLive(server)
    live.ring.verify(tokenOf(6), asked)
    await until(() => server.asked().length === 1)
    live.timers.outOfTime()
    await live.turnIsOver()
    await live.next()
    live.clock.ms += 99_000
    live.ring.verify(tokenOf(6), asked)
    expect(server.asked()).toHaveLength(2)
    live.clock.ms += 6_001
    live.ring.verify(tokenOf(6), asked)
    await until(() => live.state()?.taken === 1)
  })
})

describe('the process', () => {
  test('starts with the keys of its variables, without waiting', async () => {
    server.will(() => {})
    const live = startLive(server)
    expect(live.state()).toMatchObject({ state: 'starting' })
    expect(live.ring.verify(live.ring.sign('x', asked), asked).ok).toBe(true)
    await until(() => server.asked().length === 1)
  })

  test('is told of what is wrong only as far as it listens, and nothing that a listener does breaks it', async () => {
    server.will(answers(keysOf(6)), answers(keysOf(7)))
    const live = startLive(server, { settle: 0 })
    const told: unknown[] = []
    live.ring.on('change', () => {
      throw new Error('no')
    })
    live.ring.on('change', () => Promise.reject(new Error('no')))
    const off = live.ring.on('change', ({ kid }) => told.push(kid))
    await live.turnIsOver()
    off()
    await live.next()
    expect(told).toEqual([kidOf(6)])
    expect(live.state()).toMatchObject({ taken: 2, failed: 0 })
    expect(() => live.ring.on('chang' as never, () => {})).toThrow('bad-option')
    expect(() => live.ring.on('change', undefined as never)).toThrow('bad-option')
  })

  test('asks nothing without refresh', async () => {
    const { ring } = ringAt()
    await ring.ready()
    ring.close()
    expect(ring.stats().refresh).toBeUndefined()
  })

  test('shows neither key, nor token, nor address', async () => {
    server.will(answers(keysOf(6)))
    const live = await liveRing(server)
    const everything = { depth: 20, showHidden: true, getters: true }
    const shown = [inspect(live.ring, everything), JSON.stringify(live.ring), inspect(live.ring.stats())]
    for (const secret of [TOKEN.slice(0, 20), keyText(6).slice(0, 20), '127.0.0.1']) {
      expect(shown.filter((text) => text.includes(secret))).toEqual([])
    }
  })
})
