import { expect, onTestFinished, test } from 'vitest'
import type { Log } from '../../src/flows/log.ts'
import { startCron } from '../../src/worker/cron.ts'

const EVERY_SECOND = '* * * * * *'
/** Real seconds have to pass; on a busy machine a start may come late. */
const WITHIN = { timeout: 15_000 }
const LIMIT_MS = 40_000

/** A tick, how often it was started, and the errors that were logged. */
function start(tick: () => Promise<unknown>) {
  const errors: unknown[] = []
  const counted = { starts: 0 }
  const ignore = () => {}
  const log: Log = { info: ignore, warn: ignore, event: ignore, error: (fields) => void errors.push(fields) }
  const cron = startCron(EVERY_SECOND, log, async () => {
    counted.starts += 1
    return await tick()
  })
  onTestFinished(() => cron.stop())
  return { cron, errors, counted }
}

/** A second one beside it, which tells that so many starts would have been due. */
async function untilStartsWereDue(count: number): Promise<void> {
  const metronome = start(async () => {})
  await expect.poll(() => metronome.counted.starts, WITHIN).toBeGreaterThanOrEqual(count)
  await metronome.cron.stop()
}

test(
  'a tick never overlaps itself: while one is at work the next start is passed over',
  async () => {
    const { promise, resolve } = Promise.withResolvers<void>()
    const { counted } = start(() => promise)
    await expect.poll(() => counted.starts, WITHIN).toBe(1)
    await untilStartsWereDue(2)
    expect(counted.starts).toBe(1)
    resolve()
    await expect.poll(() => counted.starts, WITHIN).toBeGreaterThan(1)
  },
  LIMIT_MS,
)

test(
  'an error is logged, and the next start comes all the same',
  async () => {
    const error = new Error('the tick failed')
    const { counted, errors } = start(async () => {
      throw error
    })
    await expect.poll(() => counted.starts, WITHIN).toBeGreaterThanOrEqual(2)
    await expect.poll(() => errors.length, WITHIN).toBeGreaterThanOrEqual(2)
    expect(errors[0]).toEqual({ err: error })
  },
  LIMIT_MS,
)

test(
  'after it was stopped no tick is started any more',
  async () => {
    const { cron, counted } = start(async () => {})
    await expect.poll(() => counted.starts, WITHIN).toBeGreaterThanOrEqual(1)
    await cron.stop()
    const before = counted.starts
    await untilStartsWereDue(2)
    expect(counted.starts).toBe(before)
  },
  LIMIT_MS,
)
