import fc from 'fast-check'
import { expect, test } from 'vitest'
import { gather, type Mailed, mailedWithinAnHour } from '../../../src/domain/notices/gather.ts'
import { isSevere, type Notice, type NoticeKind } from '../../../src/domain/notices/notice.ts'

const NOON = new Date('2026-03-03T12:00:00Z')
const MINUTE = 60_000
const after = (minutes: number) => new Date(NOON.getTime() + minutes * MINUTE)

const noticeOf = (id: number, kind: NoticeKind = 'rotation-done'): Notice => {
  return { id: `n_${id}`, kind, at: NOON, seq: id, text: '', facts: {} }
}
const noticesOf = (...kinds: NoticeKind[]) => kinds.map((kind, index) => noticeOf(index, kind))
const sent = (at: Date, notices = 1): Mailed => ({ at: at.toISOString(), notices })
const sizes = (letters: readonly (readonly Notice[])[]) => letters.map(({ length }) => length)

test('up to three notices in an hour come alone', () => {
  const mailed = [sent(after(-59)), sent(after(-1))]
  const { letters, waitMs } = gather([noticeOf(1)], { mailed, now: NOON, isFull: false })
  expect([sizes(letters), waitMs]).toEqual([[1], undefined])
  expect(
    sizes(gather(noticesOf('rotation-done', 'token-made'), { mailed: [], now: NOON, isFull: false }).letters),
  ).toEqual([1, 1])
})

test('more are gathered into one letter, an hour after the last', () => {
  const mailed = [sent(after(-40)), sent(after(-20)), sent(after(-10))]
  const notices = noticesOf('rotation-done', 'token-made')
  expect(gather(notices, { mailed, now: NOON, isFull: false })).toEqual({ letters: [], waitMs: 50 * MINUTE })
  const later = { mailed, now: after(50), isFull: false }
  expect(sizes(gather([...notices, ...noticesOf('rotation-done', 'rotation-done')], later).letters)).toEqual([
    4,
  ])
})

test('a severe one goes at once and takes along those before it', () => {
  const mailed = [sent(after(-1), 9)]
  const notices = noticesOf('token-made', 'keys-revoked', 'token-made')
  const { letters, waitMs } = gather(notices, { mailed, now: NOON, isFull: false })
  expect(letters.map((letter) => letter.map(({ id }) => id))).toEqual([['n_0', 'n_1']])
  expect(waitMs).toBeGreaterThan(0)
})

test('after twelve letters in an hour even severe ones wait ten minutes, so nobody is flooded', () => {
  const mailed = Array.from({ length: 12 }, (_, index) => sent(after(-12 + index)))
  const notices = noticesOf('unusual-access')
  expect(gather(notices, { mailed, now: NOON, isFull: false })).toEqual({ letters: [], waitMs: 9 * MINUTE })
  expect(sizes(gather(notices, { mailed, now: after(9), isFull: false }).letters)).toEqual([1])
})

test('a list that is full waits for no more', () => {
  const mailed = [sent(after(-1), 9)]
  const notices = Array.from({ length: 20 }, (_, index) => noticeOf(index))
  expect(sizes(gather(notices, { mailed, now: NOON, isFull: true }).letters)).toEqual([20])
})

test('letters of a future, by a clock that was put right, hold nothing up', () => {
  expect(mailedWithinAnHour([sent(after(5)), sent(after(-60)), sent(after(-59))], NOON)).toEqual([
    sent(after(-59)),
  ])
})

const kinds = fc.constantFrom<NoticeKind>('rotation-done', 'token-made', 'policy-changed', 'keys-revoked')
const arrivals = fc.array(fc.record({ minutes: fc.integer({ min: 0, max: 90 }), kind: kinds }), {
  maxLength: 120,
})

test('whatever happens when, all is told once and in order, severe at once, and never more than eighteen letters in an hour', () => {
  fc.assert(
    fc.property(arrivals, (steps) => {
      let mailed: Mailed[] = []
      let now = NOON
      let waiting: Notice[] = []
      let next = NOON.getTime()
      const told: string[] = []
      const times: number[] = []
      const look = () => {
        for (let turns = 0; turns < 20 && waiting.length > 0; turns += 1) {
          const shown = waiting.slice(0, 20)
          const { letters, waitMs } = gather(shown, { mailed, now, isFull: waiting.length >= 20 })
          expect(letters.length > 0 || (waitMs ?? 0) > 0).toBe(true)
          if (times.length < 8 && shown.some(isSevere)) expect(letters.flat().some(isSevere)).toBe(true)
          for (const letter of letters) {
            mailed = [...mailedWithinAnHour(mailed, now), sent(now, letter.length)]
            times.push(now.getTime())
            told.push(...letter.map(({ id }) => id))
          }
          waiting = waiting.slice(letters.flat().length)
          if (letters.length === 0) {
            next = now.getTime() + (waitMs ?? 0)
            return
          }
        }
      }
      const ordered = steps.map(({ minutes, kind }, index) => ({ notice: noticeOf(index, kind), minutes }))
      for (const { notice, minutes } of ordered) {
        const until = now.getTime() + minutes * MINUTE
        for (let turns = 0; turns < 500 && waiting.length > 0 && next <= until; turns += 1) {
          now = new Date(Math.max(next, now.getTime()))
          look()
        }
        now = new Date(until)
        waiting.push(notice)
        look()
      }
      for (let turns = 0; turns < 500 && waiting.length > 0; turns += 1) {
        now = new Date(next)
        look()
      }
      expect(told).toEqual(ordered.map(({ notice }) => notice.id))
      for (const at of times) {
        expect(times.filter((each) => each >= at && each < at + 60 * MINUTE).length).toBeLessThanOrEqual(18)
      }
    }),
    { seed: 20260303, numRuns: 300 },
  )
})
