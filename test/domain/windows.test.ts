import { describe, expect, test } from 'vitest'
import { comingFreezes, parseFreeze } from '../../src/domain/freezes.ts'
import { tooRare } from '../../src/domain/window-wait.ts'
import { formatWindows, parseWindows, type Window } from '../../src/domain/windows.ts'

const DAY = 86_400_000
const NOW = new Date('2026-01-01T00:00:00Z')

const windowsOf = (text: string): Window[] => {
  const read = parseWindows(text)
  if ('problem' in read) throw new Error(read.problem)
  return read.windows
}

describe('a text of windows', () => {
  test.each([
    ['tue-thu 09:00-12:00 Europe/Berlin; sat 22:00-02:00 Europe/Berlin', undefined],
    ['mon,wed 09:00-12:00 UTC', undefined],
    ['daily 00:00-24:00 UTC', undefined],
    ['fri-mon 22:00-02:00 Asia/Tokyo', 'mon,fri,sat,sun 22:00-02:00 Asia/Tokyo'],
    ['MON,Tuesday  9:00 - 10:30  europe/berlin ;', 'mon,tue 09:00-10:30 Europe/Berlin'],
    ['mon-sun 09:00-10:00 UTC', 'daily 09:00-10:00 UTC'],
    ['sun-wed,fri 9:00-10:00 Etc/GMT+5', 'mon,tue,wed,fri,sun 09:00-10:00 Etc/GMT+5'],
    ['mon, wed - fri 9:00 – 12:00 Etc/GMT-14', 'mon,wed,thu,fri 09:00-12:00 Etc/GMT-14'],
    ['', 'any'],
    ['any', 'any'],
  ])('%s is read, and written so that it is read again', (text, written = text) => {
    expect(formatWindows(windowsOf(text))).toBe(written)
    expect(windowsOf(written)).toEqual(windowsOf(text))
  })

  test.each([
    ['sometimes', 'days, times and a time zone'],
    ['tue 09:00-12:00', 'must name a time zone'],
    ['tue 09:00-12:00 Mars/Olympus', 'IANA time zone'],
    ['tue 09:00-12:00 +01:00', 'IANA time zone'],
    ['foo 09:00-12:00 UTC', 'must name days'],
    ['mon-tue-wed 09:00-12:00 UTC', 'must name days'],
    ['constructor 09:00-12:00 UTC', 'must name days'],
    ['tue 09:00-25:00 UTC', 'times from 00:00 to 24:00'],
    ['tue 09:61-10:00 UTC', 'times from 00:00 to 24:00'],
    ['tue 24:00-10:00 UTC', 'times from 00:00 to 24:00'],
    ['tue 09:00-09:00 UTC', 'must end at another time'],
    ['tue 09:00-09:14 UTC', 'at least 15 minutes'],
    [Array.from({ length: 11 }, () => 'tue 09:00-12:00 UTC').join(';'), 'more than 10 windows'],
    ['x'.repeat(1_001), 'longer than 1000 characters'],
  ])('%s is refused with a sentence', (text, problem) => {
    expect(parseWindows(text)).toEqual({ problem: expect.stringContaining(problem) })
  })
})

describe('windows that cannot serve a plan are refused with the sum', () => {
  test.each([
    ['tue-thu 09:00-12:00 UTC', 7, undefined],
    ['sat 22:00-02:00 Europe/Berlin', 7, undefined],
    ['daily 09:00-09:15 UTC', 1, undefined],
    ['', 1, undefined],
    ['tue-thu 09:00-12:00 UTC', 1, 'once in each 1 day'],
    ['tue-thu 09:00-12:00 UTC', 1, 'up to 4 days 21 hours pass'],
    ['tue-thu 09:00-12:00 UTC', 1, 'every 5 days or more rarely'],
    ['sat 09:00-10:00 UTC', 3, 'up to 6 days 23 hours pass'],
  ])('%s on a plan of %d days', (text, days, problem) => {
    const found = tooRare(windowsOf(text), days * DAY, NOW)
    if (problem === undefined) expect(found).toBeUndefined()
    else expect(found).toContain(problem)
  })

  test('the hour that a change of the clock adds once refuses nothing', () => {
    // Back on 25 October 2026, forward on 29 March.
    for (const now of ['2026-10-20T00:00Z', '2026-03-25T00:00Z']) {
      expect(tooRare(windowsOf('sat 09:00-09:15 Europe/Berlin'), 7 * DAY, new Date(now))).toBeUndefined()
    }
  })
})

describe('a freeze', () => {
  const asked = {
    from: '2026-12-20',
    until: '2027-01-05',
    zone: 'Europe/Berlin',
    reason: ' Christmas\n sale ',
  }
  const parsed = (more: Partial<typeof asked>) => parseFreeze({ ...asked, ...more }, NOW)

  test('of dates holds both of them whole, by the clock of its zone, and its reason is one line', () => {
    expect(parsed({})).toEqual({
      freeze: {
        from: new Date('2026-12-19T23:00Z'),
        until: new Date('2027-01-05T23:00Z'),
        zone: 'Europe/Berlin',
        reason: 'Christmas  sale',
      },
    })
  })

  test('may begin and end at a time, by the clock of its zone', () => {
    expect(parsed({ from: '2026-07-01T18:00', until: '2026-07-02 06:00' })).toMatchObject({
      freeze: { from: new Date('2026-07-01T16:00Z'), until: new Date('2026-07-02T04:00Z') },
    })
  })

  test('that begins where the clock jumps begins with the jump', () => {
    expect(parsed({ from: '2026-03-29T02:30' })).toMatchObject({
      freeze: { from: new Date('2026-03-29T01:00Z') },
    })
  })

  test.each([
    [{ zone: 'Berlin' }, 'IANA time zone'],
    [{ from: 'tomorrow' }, 'must have dates'],
    [{ from: '2026-02-31' }, 'must have dates'],
    [{ from: '2027-01-06' }, 'must end after it begins'],
    [{ from: '2025-12-01', until: '2025-12-05' }, 'must end in the future'],
    [{ until: '2028-01-05' }, 'not be longer than a year'],
    [{ from: '2126-01-01', until: '2126-01-02' }, 'within ten years'],
  ])('%j is refused with a sentence', (more, problem) => {
    expect(parsed(more)).toEqual({ problem: expect.stringContaining(problem) })
  })

  test('that is over is no coming one', () => {
    const freeze = { id: 'a', from: NOW, until: new Date(NOW.getTime() + DAY), zone: 'UTC', reason: '' }
    expect(comingFreezes([freeze], NOW)).toEqual([freeze])
    expect(comingFreezes([freeze], freeze.until)).toEqual([])
  })
})
