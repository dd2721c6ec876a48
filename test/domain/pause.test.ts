import { expect, test } from 'vitest'
import {
  isPaused,
  nextRotationWhenPaused,
  nextRotationWhenResumed,
  timeLeftMs,
} from '../../src/domain/pause.ts'

const DAY = 86_400_000
const AT = new Date('2026-03-03T12:00:00Z')
const inDays = (days: number) => new Date(AT.getTime() + days * DAY)
const endless = { at: AT, until: null, reason: 'freeze' }
const threeDays = { at: AT, until: inDays(3), reason: 'freeze' }

test('a pause is on until its end, and over by itself from that moment', () => {
  expect(isPaused(null, AT)).toBe(false)
  expect(isPaused(endless, inDays(900))).toBe(true)
  expect(isPaused(threeDays, new Date(inDays(3).getTime() - 1))).toBe(true)
  expect(isPaused(threeDays, inDays(3))).toBe(false)
})

test('a pause with an end moves the due date by its length at once', () => {
  expect(nextRotationWhenPaused(inDays(10), threeDays)).toEqual(inDays(13))
})

test('a pause without an end moves the due date only when it is resumed, by the time it lasted', () => {
  expect(nextRotationWhenPaused(inDays(10), endless)).toEqual(inDays(10))
  expect(nextRotationWhenResumed(inDays(10), endless, inDays(5))).toEqual(inDays(15))
})

test('a pause that is ended early gives back the days that it had counted in', () => {
  const due = nextRotationWhenPaused(inDays(10), threeDays)
  expect(nextRotationWhenResumed(due, threeDays, inDays(1))).toEqual(inDays(11))
})

test('resuming after the end of a pause changes nothing', () => {
  expect(nextRotationWhenResumed(inDays(13), threeDays, inDays(4))).toEqual(inDays(13))
})

test('the time left stands still while the pause is on', () => {
  expect(timeLeftMs(inDays(10), endless)).toBe(10 * DAY)
  expect(timeLeftMs(inDays(13), threeDays)).toBe(10 * DAY)
})

test('no time is left of a date that had passed before the pause', () => {
  expect(timeLeftMs(inDays(-1), endless)).toBe(0)
})
