import { describe, expect, test } from 'vitest'
import { createCallBudget } from '../../src/heroku/call-budget.ts'
import type { Db } from '../../src/store/database.ts'
import { blockHerokuCalls, takeSlice } from '../../src/store/heroku-budget.ts'
import { inMs, NOW, startStore } from './support/start-store.ts'

const SLICE = { host: 'platform' as const, calls: 5, callsPerSecond: 20, horizonMs: 5_000 }
const SLICE_MS = 250

const take = (db: Db, now = NOW) => takeSlice(db, { ...SLICE, now })

describe('a slice of the budget', () => {
  test('follows the one before it, however many processes ask at the same time', async () => {
    const { db } = await startStore({ connections: 20 })
    const starts = await Promise.all(Array.from({ length: 20 }, () => take(db)))
    expect(starts.map((start) => start?.getTime()).toSorted()).toEqual(
      Array.from({ length: 20 }, (_, index) => inMs(index * SLICE_MS).getTime()),
    )
  })

  test('is refused when the budget is promised away for longer than the horizon', async () => {
    const { db } = await startStore()
    for (let start = 0; start <= 5_000; start += SLICE_MS) expect(await take(db)).toEqual(inMs(start))
    expect(await take(db)).toBeUndefined()
    expect(await take(db, inMs(SLICE_MS))).toEqual(inMs(5_000 + SLICE_MS))
  })

  test('that was not asked for in time is not saved up', async () => {
    const { db } = await startStore()
    await take(db)
    expect(await take(db, inMs(3_600_000))).toEqual(inMs(3_600_000))
    expect(await take(db, inMs(3_600_000))).toEqual(inMs(3_600_000 + SLICE_MS))
  })
})

describe('after Heroku told us to wait', () => {
  test('no process gets a slice that starts earlier', async () => {
    const { db } = await startStore()
    await blockHerokuCalls(db, 'platform', inMs(60_000))
    expect(await take(db)).toBeUndefined()
    expect(await take(db, inMs(54_999))).toBeUndefined()
    expect(await take(db, inMs(55_000))).toEqual(inMs(60_000))
  })

  test('a shorter wait does not replace a longer one', async () => {
    const { db } = await startStore()
    await blockHerokuCalls(db, 'platform', inMs(60_000))
    await blockHerokuCalls(db, 'platform', inMs(1_000))
    expect(await take(db, inMs(2_000))).toBeUndefined()
  })
})

/** A process that notes when each of its calls would go out; `clock.now` is the same for all. */
function processOf(db: Db, clock: { now: Date }, sentAtMs: number[]) {
  const budget = createCallBudget({
    callsPerSecond: SLICE.callsPerSecond,
    takeSlice: (calls) => takeSlice(db, { ...SLICE, calls, now: clock.now }),
    now: () => clock.now,
    sleep: async (ms) => {
      waits.push(ms)
    },
  })
  const waits: number[] = []
  return async () => {
    waits.length = 0
    if (await budget.acquire()) sentAtMs.push(clock.now.getTime() + (waits[0] ?? 0))
  }
}

/** Most calls that went out within any one second. */
function mostInOneSecond(sentAtMs: readonly number[]): number {
  return Math.max(...sentAtMs.map((from) => sentAtMs.filter((at) => at >= from && at < from + 1_000).length))
}

describe('two processes together', () => {
  test('never call more often than one alone would be allowed to', async () => {
    const { db } = await startStore()
    const clock = { now: NOW }
    const sentAtMs: number[] = []
    const processes = [processOf(db, clock, sentAtMs), processOf(db, clock, sentAtMs)]
    for (let round = 0; round < 40; round += 1) for (const call of processes) await call()
    expect(sentAtMs).toHaveLength(80)
    expect(mostInOneSecond(sentAtMs)).toBe(SLICE.callsPerSecond)
  })

  test('have saved up nothing when they were idle in the middle of a slice', async () => {
    const { db } = await startStore()
    const clock = { now: NOW }
    const sentAtMs: number[] = []
    const processes = [processOf(db, clock, sentAtMs), processOf(db, clock, sentAtMs)]
    for (const call of processes) await call()
    clock.now = inMs(3_600_000)
    for (let round = 0; round < 40; round += 1) for (const call of processes) await call()
    expect(mostInOneSecond(sentAtMs)).toBe(SLICE.callsPerSecond)
  })
})
