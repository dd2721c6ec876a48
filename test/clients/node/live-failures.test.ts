import { afterEach, describe, expect, test } from 'vitest'
import { FAILURES } from './support/lies.ts'
import {
  answers,
  keysOf,
  listening,
  liveRing,
  type Respond,
  says,
  startLive,
  tokenOf,
  until,
} from './support/live.ts'
import { HOUR, keyText, kidOf, MINUTE, ROTATED } from './support/rings.ts'

const server = listening()
afterEach(server.reset)

const asked = { purpose: 'login', expiresIn: 60 }

describe('what a server does wrong', () => {
  test.each(FAILURES)('changes no key: %s', async (_, failure, respond) => {
    server.will(respond, answers(keysOf(6)))
    const live = await liveRing(server)
    expect(live.state()).toMatchObject({ state: 'failing', failed: 1, inARow: 1, failure, taken: 0 })
    expect([...live.ring.liveSecrets()]).toEqual([keyText(5), keyText(4)])
    expect(live.timers.planned()).toBe(1_000)
    await live.next()
    expect(live.state()).toMatchObject({ state: 'fresh', inARow: 0, failure: undefined, taken: 1 })
    // A redirect is not followed.
    expect(server.asked()).toHaveLength(2)
  })

  test.each<[string, Respond]>([
    ['headers that do not come', () => {}],
    [
      'a body that does not end',
      (_request, response) =>
        response.writeHead(200, { 'content-type': 'application/json' }).write('{') as unknown as undefined,
    ],
  ])('is waited for ten seconds at most: %s', async (_, respond) => {
    server.will(respond, answers(keysOf(6)))
    const live = startLive(server)
    await until(() => server.asked().length === 1)
    const ready = live.ring.ready()
    live.timers.outOfTime()
    await ready
    await live.turnIsOver()
    expect(live.state()).toMatchObject({ state: 'failing', failure: 'too-slow' })
    await live.next()
    expect(live.state()).toMatchObject({ state: 'fresh', taken: 1 })
    expect(live.timers.limits()).toBe(0)
  })

  test.each<[string, Respond]>([
    ['a reset before the headers', (request) => request.socket.resetAndDestroy()],
    ['a connection that is closed', (request) => request.socket.destroy()],
    [
      'a reset within the body',
      (request, response) => {
        response.writeHead(200, { 'content-type': 'application/json' }).write('{"secure_key":"')
        setImmediate(() => request.socket.resetAndDestroy())
      },
    ],
    [
      'a body that is cut off',
      (request, response) => {
        response.writeHead(200, { 'content-type': 'application/json', 'content-length': '500' }).write('{}')
        setImmediate(() => request.socket.destroy())
      },
    ],
  ])('is unreachable for it: %s', async (_, respond) => {
    server.will(respond, answers(keysOf(6)))
    const live = await liveRing(server)
    expect(live.state()).toMatchObject({ state: 'failing', failure: 'unreachable', taken: 0 })
    await live.next()
    expect(live.state()).toMatchObject({ state: 'fresh', taken: 1 })
  })

  test('is told once, at the third failure in a row, and again only after it was well', async () => {
    server.will(says(500), says(500), says(500), says(500), says(304), answers(keysOf(5)), says(500))
    const live = await liveRing(server)
    const told = [live.warnings.length]
    for (let turns = 1; turns < 9; turns += 1) {
      await live.next()
      told.push(live.warnings.length)
    }
    expect(told).toEqual([0, 0, 1, 1, 1, 1, 1, 1, 2])
    expect(live.warnings).toEqual(['refresh-failing', 'refresh-failing'])
  })

  test('never drops a key, however long it lasts', async () => {
    server.will(says(503, { 'retry-after': '1' }))
    const live = await liveRing(server)
    for (let times = 0; times < 40; times += 1) await live.next()
    expect(live.state()).toMatchObject({ failed: 41, inARow: 41 })
    expect(live.ring.verify(tokenOf(4), asked).ok).toBe(true)
    expect(live.timers.planned()).toBe(150_000)
  })

  test('delays the next request as long as Retry-After says', async () => {
    const later = new Date(ROTATED + HOUR + 20 * MINUTE).toUTCString()
    server.will(says(429, { 'retry-after': '100' }), says(503, { 'retry-after': '999999' }), says(503))
    const live = await liveRing(server)
    expect(live.timers.planned()).toBe(105_000)
    await live.next()
    expect(live.timers.planned()).toBe(3_780_000)
    server.will(says(503, { 'retry-after': later }))
    live.clock.ms = ROTATED + HOUR - 3_780_000
    await live.next()
    expect(live.timers.planned()).toBe(20 * MINUTE * 1.05)
  })
})

describe('the end', () => {
  test.each([
    [401, 'unauthenticated'],
    [410, 'resource-gone'],
  ])('comes with %i: it is told once, the keys stay, and nothing is asked any more', async (status, code) => {
    server.will(answers(keysOf(6)), says(status))
    const live = await liveRing(server, { settle: 0 })
    await live.next()
    expect(live.state()).toMatchObject({ state: 'stopped', stopped: code })
    expect([live.stops, live.warnings]).toEqual([[{ code }], ['refresh-stopped']])
    expect([...live.ring.liveSecrets()]).toEqual([keyText(6), keyText(5)])
    live.ring.verify(tokenOf(9), asked)
    expect(live.timers.planned()).toBeUndefined()
    expect(server.asked()).toHaveLength(2)
  })

  test('comes with close() at once, whatever makes the request', async () => {
    const live = startLive(server, {}, { fetch: () => new Promise(() => {}) })
    live.ring.close()
    await live.ring.ready()
    expect([live.timers.planned(), live.timers.limits()]).toEqual([undefined, 0])
  })

  test('comes with close(), also while a request is under way', async () => {
    server.will(() => {})
    const live = startLive(server)
    await until(() => server.asked().length === 1)
    live.ring.close()
    await live.ring.ready()
    live.ring.verify(tokenOf(9), asked)
    expect([live.timers.planned(), live.timers.limits()]).toEqual([undefined, 0])
    expect(server.asked()).toHaveLength(1)
    expect(live.ring.kid).toBe(kidOf(5))
  })
})
