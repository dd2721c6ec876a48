import { describe, expect, test } from 'vitest'
import { createCallBudget, patiently } from '../../src/heroku/call-budget.ts'
import type { Db } from '../../src/store/database.ts'
import { blockHerokuCalls, takePageSlice, takeSlice } from '../../src/store/heroku-budget.ts'
import { inMs, NOW, setNow, startStore } from './support/start-store.ts'

const SLICE = { host: 'platform' as const, calls: 5, callsPerSecond: 20, horizonMs: 5_000 }
const SLICE_MS = 250

/** When the slice starts that is asked for at `now`. */
async function take(db: Db, now = NOW): Promise<Date | undefined> {
  setNow(db, now)
  const slice = await takeSlice(db, SLICE)
  return slice && new Date(now.getTime() + slice.startsInMs)
}

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
    await blockHerokuCalls(db, 'platform', 60_000)
    expect(await take(db)).toBeUndefined()
    expect(await take(db, inMs(54_999))).toBeUndefined()
    expect(await take(db, inMs(55_000))).toEqual(inMs(60_000))
  })

  test('a shorter wait does not replace a longer one', async () => {
    const { db } = await startStore()
    await blockHerokuCalls(db, 'platform', 60_000)
    await blockHerokuCalls(db, 'platform', 1_000)
    expect(await take(db, inMs(2_000))).toBeUndefined()
  })
})

/** A process that notes when each of its calls would go out; `clock.now` is the same for all. */
function processOf(db: Db, clock: { now: Date }, sentAtMs: number[]) {
  const budget = createCallBudget({
    callsPerSecond: SLICE.callsPerSecond,
    takeSlice: (calls) => {
      setNow(db, clock.now)
      return takeSlice(db, { ...SLICE, calls })
    },
    steadyMs: () => clock.now.getTime(),
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

describe('a slice for a page', () => {
  const takeForPage = async (db: Db, now = NOW) => {
    setNow(db, now)
    return (await takePageSlice(db, SLICE)) !== undefined
  }

  test('is given while nobody waits, and holds a worker up by no more than its own length', async () => {
    const { db } = await startStore()
    expect(await takeForPage(db)).toBe(true)
    expect(await take(db)).toEqual(inMs(SLICE_MS))
  })

  test('is not given while a worker waits for its calls', async () => {
    const { db } = await startStore()
    for (let slices = 0; slices < 3; slices += 1) await take(db)
    expect(await takeForPage(db, inMs(3 * SLICE_MS - 1))).toBe(false)
    expect(await takeForPage(db, inMs(3 * SLICE_MS))).toBe(true)
  })

  test('is not given while Heroku told us to wait', async () => {
    const { db } = await startStore()
    await blockHerokuCalls(db, 'platform', 60_000)
    expect(await takeForPage(db, inMs(59_999))).toBe(false)
    expect(await takeForPage(db, inMs(60_000))).toBe(true)
  })

  test('is given out of a fifth of the budget, however many pages are loaded; a pause saves up ten seconds', async () => {
    const { db } = await startStore()
    const given: number[] = []
    for (let ms = 0; ms < 100_000; ms += 125) if (await takeForPage(db, inMs(ms))) given.push(ms)
    const within = (from: number, to: number) =>
      given.filter((ms) => ms >= from && ms < to).length * SLICE.calls
    // The first ten seconds spend what was saved up.
    expect(within(0, 10_000)).toBeGreaterThanOrEqual(80)
    expect(within(20_000, 100_000)).toBeLessThanOrEqual(80 * SLICE.callsPerSecond * 0.2 + SLICE.calls)
    expect(within(20_000, 100_000)).toBeGreaterThanOrEqual(80 * SLICE.callsPerSecond * 0.2 - SLICE.calls)
  })

  test('is asked for again for two seconds, and then the page goes without', async () => {
    const waits: number[] = []
    const sleep = async (ms: number) => void waits.push(ms)
    expect(await patiently(async () => undefined, sleep)).toBeUndefined()
    expect(waits.reduce((sum, ms) => sum + ms, 0)).toBe(1_750)
    const answers = [undefined, undefined, 'slice']
    expect(await patiently(async () => answers.shift(), sleep)).toBe('slice')
  })
})

describe('what stands in the budget by a mistake', () => {
  test.each(['next_call_at', 'platform_blocked_until', 'next_page_call_at'] as const)(
    '(%s in the year 9999) holds nobody up',
    async (column) => {
      const { db } = await startStore()
      await db
        .updateTable('heroku_budget')
        .set({ [column]: new Date('9999-12-31T00:00:00Z') })
        .execute()
      expect(await takePageSlice(db, SLICE)).toBeDefined()
      expect(await take(db, inMs(1_000))).toEqual(inMs(1_000))
    },
  )

  test.each([[3_600_000], [Number.MAX_SAFE_INTEGER]])(
    '(a wait of %i ms) is over after an hour',
    async (ms) => {
      const { db } = await startStore()
      await blockHerokuCalls(db, 'platform', ms)
      expect(await take(db, inMs(3_590_000))).toBeUndefined()
      expect(await take(db, inMs(3_600_000))).toEqual(inMs(3_600_000))
    },
  )
})
