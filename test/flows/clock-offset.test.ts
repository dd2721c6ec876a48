import { expect, onTestFinished, test } from 'vitest'
import { createClockOffset } from '../../src/flows/clock-offset.ts'
import { openDatabase } from '../../src/store/database.ts'
import { blockHerokuCalls, takeSlice } from '../../src/store/heroku-budget.ts'
import { inMs, NOW, setNow, startStore } from '../store/support/start-store.ts'
import { clientOfClock } from '../support/clocked-client.ts'

const HOUR_MS = 3_600_000

/** A process whose clocks the test moves, beside a database whose clock stands still. */
async function startProcess() {
  const { db, url } = await startStore({ connections: 1 })
  const clock = { now: NOW, steadyMs: 1_000 }
  const offsetMs = createClockOffset({ db, now: () => clock.now }, () => clock.steadyMs)
  return { db, url, clock, offsetMs }
}

test('a process knows how far its clock is ahead of the database, or behind it', async () => {
  for (const ms of [0, 4_000, HOUR_MS, -HOUR_MS]) {
    const { clock, offsetMs } = await startProcess()
    clock.now = inMs(ms)
    expect(await offsetMs()).toBe(ms)
  }
})

test('a clock that is set is noticed at once, without a question to the database', async () => {
  const { db, clock, offsetMs } = await startProcess()
  expect(await offsetMs()).toBe(0)
  await db.destroy()
  clock.now = inMs(3 * HOUR_MS)
  expect(await offsetMs()).toBe(3 * HOUR_MS)
  clock.now = NOW
  expect(await offsetMs()).toBe(0)
})

test('a clock that goes on as it should is not off, and is compared again after half a minute', async () => {
  const { db, clock, offsetMs } = await startProcess()
  expect(await offsetMs()).toBe(0)
  clock.now = inMs(29_999)
  clock.steadyMs += 29_999
  expect(await offsetMs()).toBe(0)
  // Now the database is ahead: somebody has set its clock.
  setNow(db, inMs(90_000))
  clock.now = inMs(30_000)
  clock.steadyMs += 1
  expect(await offsetMs()).toBe(-60_000)
})

test('a slow database is not taken for a wrong clock: the round trip proves nothing', async () => {
  const { db } = await startStore({ connections: 1 })
  // Each look at the clock finds it six seconds later, the database three.
  let looks = 0
  const now = () => {
    looks += 1
    setNow(db, inMs(looks * 6_000 - 3_000))
    return inMs((looks - 1) * 6_000)
  }
  const offsetMs = createClockOffset({ db, now }, () => (looks - 1) * 6_000)
  expect(await offsetMs()).toBe(0)
})

test.each([
  ['is not taken for a wrong clock', 0],
  ['does not hide a wrong clock', 10_000],
])('waiting for a free connection %s', async (_what, aheadMs) => {
  const { db } = await startStore({ connections: 1 })
  let ms = 0
  const offsetMs = createClockOffset({ db, now: () => inMs(ms + aheadMs) }, () => ms)
  const held = Promise.withResolvers<void>()
  const holding = db.connection().execute(() => held.promise)
  const asked = offsetMs()
  ms = 20_000
  setNow(db, inMs(20_000))
  held.resolve()
  await holding
  expect(await asked).toBe(aheadMs)
})

const SLICE = { host: 'platform' as const, calls: 5, callsPerSecond: 20, horizonMs: 5_000 }

test('a process three hours ahead moves nothing that it shares with others', async () => {
  const { db, url } = await startStore()
  // Its own clock is nowhere in the statements; its session shows that theirs is the database's.
  const ahead = openDatabase({ url, poolSize: 1, onIdleError: () => {}, Client: clientOfClock(() => NOW) })
  onTestFinished(() => ahead.destroy())
  await takeSlice(ahead, SLICE)
  await blockHerokuCalls(ahead, 'identity', 1_000)
  expect(await takeSlice(db, SLICE)).toEqual({ startsInMs: 250 })
})
