import { describe, expect, test } from 'vitest'
import {
  afterDelivery,
  type CursorState,
  type Delivery,
  type DueNotices,
  GIVEN_UP_AFTER_MS,
} from '../../../src/domain/notices/delivery.ts'
import { NOTHING_TOLD } from '../../../src/domain/notices/on-schedule.ts'

const HOUR = 3_600_000
const START = new Date('2026-03-03T12:00:00Z')
const LOOK_AT = new Date('2026-03-16T12:00:00Z')
const CURSOR: CursorState = {
  seq: 7,
  told: NOTHING_TOLD,
  attempts: 0,
  failingSince: null,
  lastFailure: null,
  givenUp: null,
}
const notice = (seq: number) => ({
  notice: { id: `r_${seq}`, kind: 'rotation-done', at: START, seq, text: '', facts: {} } as const,
  after: { seq, told: NOTHING_TOLD },
})
const END = { seq: 12, told: { ...NOTHING_TOLD, expectedAt: LOOK_AT } }
const DUE: DueNotices = {
  due: [notice(8), notice(9), notice(11)],
  end: END,
  everything: END,
  more: false,
  lookAt: LOOK_AT,
}
const FAILED: Delivery = { told: 0, failure: { words: 'no answer', lasting: false } }

function moved(delivery: Delivery, cursor = CURSOR, now = START, due = DUE) {
  return afterDelivery(cursor, due, delivery, { now, random: 0.5 })
}

describe('a cursor', () => {
  test('moves behind all that is known when everything has arrived, and sleeps until the schedule has something to say', () => {
    const failing = { ...CURSOR, attempts: 3, failingSince: START, lastFailure: 'no answer' }
    expect(moved({ told: 3 }, failing)).toEqual({ to: { ...CURSOR, ...END }, wakeAt: LOOK_AT, gaveUp: false })
  })

  test('moves by what has arrived, and tells the rest again', () => {
    const { to, wakeAt } = moved({ ...FAILED, told: 2 })
    expect(to).toMatchObject({ seq: 9, attempts: 1, failingSince: START, lastFailure: 'no answer' })
    expect(wakeAt).toEqual(new Date(START.getTime() + 22_500))
  })

  test('stays where nothing has arrived', () => {
    expect(moved(FAILED).to).toMatchObject({ seq: 7, told: NOTHING_TOLD, attempts: 1 })
  })

  test('is tried again at once where there is more than fits into one delivery', () => {
    const more = { ...DUE, more: true, end: { seq: 11, told: NOTHING_TOLD } }
    expect(moved({ told: 3 }, CURSOR, START, more)).toMatchObject({ to: { seq: 11 }, wakeAt: START })
  })

  test.each([
    ['more than there was', 9, 12],
    ['less than nothing', -1, 7],
  ])('is not moved astray by a channel that says it has told %s', (_words, told, seq) => {
    expect(moved({ ...FAILED, told }).to.seq).toBe(seq)
  })
})

describe('what fails', () => {
  test('is tried after half a minute at first, then more and more rarely, but once an hour at the least', () => {
    let cursor = CURSOR
    let now = START
    const waits: number[] = []
    for (let tries = 0; tries < 12; tries += 1) {
      const { to, wakeAt } = moved(FAILED, cursor, now)
      waits.push((wakeAt?.getTime() ?? 0) - now.getTime())
      cursor = to
      now = wakeAt ?? now
    }
    expect(waits[0]).toBe(22_500)
    expect(waits.slice(1).every((wait, place) => wait >= (waits[place] ?? 0))).toBe(true)
    expect(Math.max(...waits)).toBeLessThanOrEqual(HOUR)
  })

  test('waits for as long as the receiver asks, but for an hour at the most', () => {
    const wait = (retryAfterMs: number) =>
      (moved({ ...FAILED, retryAfterMs }).wakeAt?.getTime() ?? 0) - START.getTime()
    expect(wait(600_000)).toBe(600_000)
    expect(wait(30 * 24 * HOUR)).toBe(HOUR)
    expect(wait(-5)).toBe(22_500)
  })

  test('is given up after three days and not before, with all that was due; the target is tried again with what comes', () => {
    const failing = { ...CURSOR, attempts: 80, failingSince: START, lastFailure: 'no answer' }
    const end = new Date(START.getTime() + GIVEN_UP_AFTER_MS)
    expect(moved(FAILED, failing, new Date(end.getTime() - 1))).toMatchObject({
      gaveUp: false,
      to: { seq: 7 },
    })
    const { to, wakeAt, gaveUp } = moved(FAILED, failing, end)
    expect(gaveUp).toBe(true)
    expect(to).toEqual({
      ...END,
      attempts: 0,
      failingSince: null,
      lastFailure: 'no answer',
      givenUp: { seq: 12, at: end },
    })
    expect(wakeAt).toEqual(LOOK_AT)
  })

  test('is given up at once where trying again is of no use', () => {
    const { gaveUp } = moved({ told: 0, failure: { words: 'no log input', lasting: true } })
    expect(gaveUp).toBe(true)
  })

  test('counts its three days anew once something has arrived', () => {
    const failing = { ...CURSOR, attempts: 80, failingSince: START, lastFailure: 'no answer' }
    const end = new Date(START.getTime() + GIVEN_UP_AFTER_MS)
    expect(moved({ ...FAILED, told: 1 }, failing, end).to).toMatchObject({
      attempts: 1,
      failingSince: end,
      seq: 8,
    })
  })
})
