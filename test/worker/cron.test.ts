import { describe, expect, onTestFinished, test, vi } from 'vitest'
import type { Log } from '../../src/flows/log.ts'
import { startCron } from '../../src/worker/cron.ts'

const EVERY_SECOND = '* * * * * *'
const CLOCKS = { now: () => new Date(), steadyMs: () => performance.now() }

/** A tick, how often it was started, and the errors that were logged. */
function start(tick: () => Promise<unknown>, expression = EVERY_SECOND) {
  const errors: unknown[] = []
  const counted = { starts: 0 }
  const ignore = () => {}
  const log: Log = { info: ignore, warn: ignore, event: ignore, error: (fields) => void errors.push(fields) }
  const cron = startCron(
    expression,
    log,
    async () => {
      counted.starts += 1
      return await tick()
    },
    CLOCKS,
  )
  onTestFinished(() => cron.stop())
  return { cron, errors, counted }
}

/** A second one beside it, which tells that so many starts would have been due. */
async function untilStartsWereDue(count: number): Promise<void> {
  const metronome = start(async () => {})
  await expect.poll(() => metronome.counted.starts).toBeGreaterThanOrEqual(count)
  await metronome.cron.stop()
}

test('a tick never overlaps itself: while one is at work the next start is passed over', async () => {
  const { promise, resolve } = Promise.withResolvers<void>()
  const { counted } = start(() => promise)
  await expect.poll(() => counted.starts).toBe(1)
  await untilStartsWereDue(2)
  expect(counted.starts).toBe(1)
  resolve()
  await expect.poll(() => counted.starts).toBeGreaterThan(1)
})

test('an error is logged, and the next start comes all the same', async () => {
  const error = new Error('the tick failed')
  const { counted, errors } = start(async () => {
    throw error
  })
  await expect.poll(() => counted.starts).toBeGreaterThanOrEqual(2)
  await expect.poll(() => errors.length).toBeGreaterThanOrEqual(2)
  expect(errors[0]).toEqual({ err: error })
})

test('after it was stopped no tick is started any more', async () => {
  const { cron, counted } = start(async () => {})
  await expect.poll(() => counted.starts).toBeGreaterThanOrEqual(1)
  await cron.stop()
  const before = counted.starts
  await untilStartsWereDue(2)
  expect(counted.starts).toBe(before)
})

describe('a clock that is set', () => {
  const HOUR_MS = 3_600_000

  /** Real time stands still; only what the test lets pass passes. */
  function startOnFakeTime(tick: () => Promise<unknown> = async () => {}, expression?: string) {
    vi.useFakeTimers({
      toFake: ['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval', 'Date', 'performance'],
      now: new Date('2026-03-03T12:10:00Z'),
    })
    onTestFinished(() => void vi.useRealTimers())
    return start(tick, expression)
  }
  const setBy = (ms: number) => vi.setSystemTime(Date.now() + ms)

  test.each([3 * HOUR_MS, -3 * HOUR_MS, 90_000, -90_000])(
    'by %i ms stops the ticks for less than a minute',
    async (ms) => {
      const { counted } = startOnFakeTime()
      await vi.advanceTimersByTimeAsync(5_000)
      expect(counted.starts).toBeGreaterThanOrEqual(4)
      setBy(ms)
      await vi.advanceTimersByTimeAsync(30_000)
      const before = counted.starts
      await vi.advanceTimersByTimeAsync(10_000)
      expect(counted.starts - before).toBeGreaterThanOrEqual(9)
    },
  )

  test('forward brings a start that has come nearer', async () => {
    const { counted } = startOnFakeTime(undefined, '0 0 * * * *')
    setBy(49.5 * 60_000)
    await vi.advanceTimersByTimeAsync(60_000)
    expect(counted.starts).toBe(1)
  })

  test('three hours ahead, and right again, stops the ticks for less than a minute', async () => {
    const { counted } = startOnFakeTime()
    // The first of these lies between two looks at the clock, which find nothing.
    for (const awayMs of [5_000, 200, 40_000]) {
      setBy(3 * HOUR_MS)
      await vi.advanceTimersByTimeAsync(awayMs)
      setBy(-3 * HOUR_MS)
      await vi.advanceTimersByTimeAsync(30_000)
      const before = counted.starts
      await vi.advanceTimersByTimeAsync(10_000)
      expect(counted.starts - before).toBeGreaterThanOrEqual(9)
    }
  })

  test('does not let a tick overlap itself', async () => {
    const { promise, resolve } = Promise.withResolvers<void>()
    const { counted } = startOnFakeTime(() => promise)
    await vi.advanceTimersByTimeAsync(2_000)
    setBy(3 * HOUR_MS)
    await vi.advanceTimersByTimeAsync(30_000)
    expect(counted.starts).toBe(1)
    resolve()
    await vi.advanceTimersByTimeAsync(5_000)
    expect(counted.starts).toBeGreaterThanOrEqual(4)
  })
})
