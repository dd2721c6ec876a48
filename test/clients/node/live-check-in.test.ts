import { once } from 'node:events'
import { Worker } from 'node:worker_threads'
import { afterEach, describe, expect, test } from 'vitest'
import { forge } from './support/forged.ts'
import {
  answers,
  keysOf,
  listening,
  liveRing,
  type Respond,
  says,
  startLive,
  TOKEN,
  tokenOf,
  until,
} from './support/live.ts'
import { keyringBody, kidOf, PAIR } from './support/rings.ts'

const server = listening()
afterEach(server.reset)

const asked = { purpose: 'login', expiresIn: 60 }

describe('the check-in', () => {
  test('tells after each good answer which key signs, and nothing about tokens', async () => {
    server.will(answers(keysOf(5), { etag: '"5"' }), says(304), says(500), answers(keysOf(6)))
    const live = await liveRing(server, { settle: 0 }, { app: 'shop', process: 'web.1' })
    live.ring.verify(tokenOf(5), asked)
    for (let turns = 0; turns < 3; turns += 1) await live.next()
    const told = { app: 'shop', process: 'web.1', signs_with: kidOf(5), version: 5 }
    expect(server.checkIns()).toEqual([told, told, { ...told, signs_with: kidOf(6), version: 6 }])
    expect(live.state()).toMatchObject({ checkIns: 3, checkInsFailed: 0 })
  })

  test('takes app and process from the environment of a dyno, where several processes share a name', async () => {
    server.will(answers(keysOf(5)))
    const env = { HEROKU_APP_NAME: 'shop', DYNO: 'worker.2' }
    await liveRing(server, { env, value: PAIR, keyringValue: undefined })
    await liveRing(server, { env: { DYNO: 'a\nb' } })
    await liveRing(server, { env: { DYNO: 'x'.repeat(80) } })
    const id = `/${process.pid}`
    expect(server.checkIns()).toMatchObject([
      { app: 'shop', process: `worker.2${id}` },
      { app: null, process: null },
      { app: null, process: `${'x'.repeat(64 - id.length)}${id}` },
    ])
  })

  test('tells a worker thread from the others of its process', async () => {
    server.will(answers(keysOf(5)))
    const door = new URL('../../../clients/node/src/index.ts', import.meta.url)
    const env = { SECURE_KEY: PAIR, SECURE_KEYRING: JSON.stringify(keyringBody()), DYNO: 'web.1' }
    const options = { env, refresh: { url: server.url(), token: TOKEN } }
    const program = `import('${door}').then(({ keyring }) => keyring(${JSON.stringify(options)}))`
    const thread = new Worker(program, { eval: true })
    const { threadId } = thread
    await once(thread, 'exit')
    expect(server.checkIns()).toMatchObject([{ process: `web.1/${process.pid}.${threadId}` }])
  })

  test('counts by kid with telemetry alone, what came since the last one that was taken', async () => {
    server.will(answers(keysOf(5), { etag: '"5"' }), says(304))
    const live = await liveRing(server, {}, { telemetry: true })
    const forged = forge({ version: 9, kid: kidOf(4), exp: '99999999999', text: 'eA', purpose: 'login' })
    for (const token of [tokenOf(5), tokenOf(4), forged, 'x']) live.ring.verify(token, asked)
    server.checkInsGet(says(500))
    await live.turnIsOver()
    await live.next()
    live.ring.verify(tokenOf(5), asked)
    server.checkInsGet(says(204))
    await live.next()
    await live.next()
    const counts = server.checkIns().map(({ counts }) => counts)
    const none = { good: 0, bad: 0 }
    expect(counts).toEqual([
      [
        { kid: kidOf(5), ...none },
        { kid: kidOf(4), ...none },
      ],
      [
        { kid: kidOf(5), good: 1, bad: 0 },
        { kid: kidOf(4), good: 1, bad: 1 },
      ],
      [
        { kid: kidOf(5), good: 2, bad: 0 },
        { kid: kidOf(4), good: 1, bad: 1 },
      ],
      [
        { kid: kidOf(5), ...none },
        { kid: kidOf(4), ...none },
      ],
    ])
    expect(live.state()).toMatchObject({ checkIns: 3, checkInsFailed: 1 })
  })

  test.each<[string, Respond]>([
    ['is refused', says(401)],
    ['is unknown there', says(404)],
    ['is broken off', (request) => request.socket.destroy()],
    ['is sent elsewhere', says(307, { location: '/v1/keyring' })],
  ])('breaks nothing when it %s', async (_, respond) => {
    server.checkInsGet(respond)
    server.will(answers(keysOf(6)))
    const live = await liveRing(server)
    expect(live.state()).toMatchObject({ state: 'fresh', taken: 1, failed: 0, inARow: 0, checkInsFailed: 1 })
    expect(live.timers.planned()).toBe(3_600_000)
    expect(live.warnings).toEqual([])
    expect(server.requests).toHaveLength(2)
  })

  test('that hangs is given up after ten seconds', async () => {
    server.checkInsGet(() => {})
    server.will(answers(keysOf(6)))
    const live = startLive(server)
    await live.ring.ready()
    expect(live.ring.verify(tokenOf(6), asked).ok).toBe(true)
    await until(() => live.timers.limits() === 1 && server.checkIns().length === 1)
    live.timers.outOfTime()
    await live.turnIsOver()
    expect(live.state()).toMatchObject({ state: 'fresh', checkInsFailed: 1 })
  })
})
