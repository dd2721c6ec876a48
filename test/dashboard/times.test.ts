import { describe, expect, test } from 'vitest'
import type { HistoryRow } from '../../src/domain/history.ts'
import { nowModel } from '../../src/http/dashboard/present/now.ts'
import { historyEntry } from '../../src/http/dashboard/present/rotations.ts'
import { momentOf } from '../../src/http/dashboard/present/time-words.ts'
import { startWithAddon } from '../support/addon.ts'
import { signedIn } from '../support/browser.ts'
import { DAY, SECOND } from '../support/harness.ts'
import { inDays, NOW, rotatedOverview } from './support/made-up-overview.ts'

const fromNow = (precision: 'minute' | 'second') => (ms: number) =>
  momentOf(new Date(NOW.getTime() + ms), NOW, precision).fromNow

describe('a moment', () => {
  test('is told exactly in UTC and in round words', () => {
    expect(momentOf(inDays(9), NOW, 'minute')).toEqual({
      iso: '2026-12-08T10:04:00.000Z',
      text: 'Tue 8 Dec 2026 10:04 UTC',
      short: '8 Dec, 10:04',
      fromNow: 'in 9 days',
      precision: 'minute',
    })
    const words = [-59_000, 30_000, -90_000, -7_200_000, 47 * 3_600_000].map(fromNow('minute'))
    expect(words).toEqual(['just now', 'in 30 seconds', '90 seconds ago', '2 hours ago', 'in 47 hours'])
  })

  test('is told to the second where it is asked for', () => {
    expect(momentOf(new Date(NOW.getTime() + 7_000), NOW, 'second')).toMatchObject({
      text: 'Sun 29 Nov 2026 10:04:07 UTC',
      short: '29 Nov, 10:04:07',
    })
    const words = [-12_000, -1_000, -400, 400, 12_000].map(fromNow('second'))
    expect(words).toEqual(['12 seconds ago', '1 second ago', 'just now', 'in 1 second', 'in 12 seconds'])
  })
})

test('the headline counts the seconds to a rotation that is near', () => {
  const { headline, next } = nowModel(rotatedOverview({ periodMs: 25 * SECOND, rotations: 1, phase: 0.52 }))
  expect(headline).toBe('Next rotation in 12 seconds')
  expect(next?.text).toBe('Sun 29 Nov 2026 10:04:12 UTC')
})

test('a rotation 20 s after its date was on time for a key of two weeks, and late for one of seconds', () => {
  const publishedAt = new Date(NOW.getTime() + 20 * SECOND)
  const rotation: HistoryRow = {
    seq: 1,
    at: publishedAt,
    kind: 'rotated',
    actor: { type: 'worker' },
    rotation: { reason: 'scheduled', dueAt: NOW, openedAt: NOW },
    key: { version: 3, fingerprint: '00000003' },
    madeAt: NOW,
    publishedAt,
    attempts: 1,
  }
  expect(historyEntry(rotation, inDays(1), 'minute').late).toBe('on time')
  expect(historyEntry(rotation, inDays(1), 'second').late).toBe('20 seconds late')
})

describe('every time on every page', () => {
  const withSeconds = / \d\d:\d\d:\d\d UTC/g
  const withoutSeconds = / \d\d:\d\d UTC/g

  test.each([
    ['shows seconds where keys live for less than an hour', 25 * SECOND, 'second'],
    ['shows minutes where keys live for longer', 14 * DAY, 'minute'],
  ] as const)('%s', async (_title, periodMs, precision) => {
    const h = await startWithAddon({ env: { PLAN_PERIODS: `fortnightly=${periodMs / SECOND}s` } })
    h.clock.advance(periodMs)
    await h.worker1.tick()
    const browser = await signedIn(h, { addon: h.addon.name })
    const form_token = await browser.token()
    const pages = [
      ...(await Promise.all(['', '/rotations', '/history'].map((path) => browser.get(browser.base + path)))),
      await browser.post(`${browser.base}/rotate`, { form_token }),
    ]
    expect(pages.at(-1)?.status).toBe(409)
    for (const { text } of pages) {
      const told = [text.match(withSeconds)?.length ?? 0, text.match(withoutSeconds)?.length ?? 0]
      const [right, wrong] = precision === 'second' ? told : told.toReversed()
      expect(right).toBeGreaterThan(0)
      expect(wrong).toBe(0)
      // What the script that tells them in the reader's zone goes by.
      expect(text.split(`data-precision="${precision}"`)).toHaveLength(text.split('<time ').length)
    }
  })
})
