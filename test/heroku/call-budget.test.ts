import { expect, test } from 'vitest'
import { createCallBudget } from '../../src/heroku/call-budget.ts'

/** A budget whose shared part hands out one slice after the other, and the waits that its callers were told. */
function startBudget(options: { callsPerSecond: number; slices?: number }) {
  const clock = { nowMs: 1_000_000 }
  const taken: number[] = []
  const waits: number[] = []
  let nextStartMs = clock.nowMs
  const budget = createCallBudget({
    callsPerSecond: options.callsPerSecond,
    takeSlice: async (calls) => {
      if (taken.length === (options.slices ?? Number.POSITIVE_INFINITY)) return undefined
      taken.push(calls)
      const startMs = Math.max(nextStartMs, clock.nowMs)
      nextStartMs = startMs + (calls * 1_000) / options.callsPerSecond
      return { startsInMs: startMs - clock.nowMs }
    },
    steadyMs: () => clock.nowMs,
    sleep: async (ms, signal) => {
      if (signal?.aborted) throw new Error('given up')
      waits.push(ms)
    },
  })
  return { budget, clock, taken, waits }
}

test('callers are let through evenly: one every fiftieth of a second at 50 a second', async () => {
  const { budget, waits } = startBudget({ callsPerSecond: 50 })
  await Promise.all(Array.from({ length: 26 }, () => budget.acquire()))
  expect(waits.toSorted((a, b) => a - b)).toEqual(Array.from({ length: 25 }, (_, index) => (index + 1) * 20))
})

test('the shared budget is asked once for a quarter of a second, not once per call', async () => {
  const { budget, taken } = startBudget({ callsPerSecond: 20 })
  await Promise.all(Array.from({ length: 10 }, () => budget.acquire()))
  expect(taken).toEqual([5, 5])
})

test('at one call a second each call is asked for by itself', async () => {
  const { budget, taken, waits } = startBudget({ callsPerSecond: 1 })
  await Promise.all([budget.acquire(), budget.acquire(), budget.acquire()])
  expect(taken).toEqual([1, 1, 1])
  expect(waits).toEqual([1_000, 2_000])
})

test('when the shared budget is spent every caller is told so, and none waits', async () => {
  const { budget, waits } = startBudget({ callsPerSecond: 20, slices: 1 })
  const results = await Promise.all(Array.from({ length: 8 }, () => budget.acquire()))
  expect(results.filter((allowed) => allowed)).toHaveLength(5)
  expect(waits).toHaveLength(4)
})

test('calls that were not made in their time are not made up for later', async () => {
  const { budget, clock, taken } = startBudget({ callsPerSecond: 20 })
  await budget.acquire()
  clock.nowMs += 250
  await budget.acquire()
  expect(taken).toEqual([5, 5])
})

test('a caller that gives up while it waits is not let through', async () => {
  const { budget } = startBudget({ callsPerSecond: 20 })
  await budget.acquire()
  await expect(budget.acquire(AbortSignal.abort())).rejects.toThrow('given up')
})
