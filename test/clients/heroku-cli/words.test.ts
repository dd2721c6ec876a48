import { describe, expect, test } from 'vitest'
import { readHistoryPage } from '../../../clients/heroku-cli/src/answers/history.ts'
import { readResource } from '../../../clients/heroku-cli/src/answers/resource.ts'
import { historyRow } from '../../../clients/heroku-cli/src/shown/history.ts'
import { infoOf } from '../../../clients/heroku-cli/src/shown/info.ts'
import { PLAIN } from '../../../clients/heroku-cli/src/shown/paint.ts'
import { cleanText } from '../../../clients/heroku-cli/src/words/clean.ts'
import { endOf } from '../../../clients/heroku-cli/src/words/end.ts'
import { momentWords } from '../../../clients/heroku-cli/src/words/moment.ts'
import { resource, resourceAnswer } from './support/made-up-resource.ts'
import { NOW } from './support/still-surroundings.ts'

test('a text from outside cannot move the cursor, colour, or turn around what is printed', () => {
  expect(cleanText('a\u001b[2J\r\nb\u202ec\u2028d\u0000')).toBe('a [2J b c d')
  expect(cleanText('x'.repeat(1_000))).toHaveLength(300)
})

test('an answer of another form is refused by the name of the field', () => {
  expect(() => readResource(resourceAnswer({ keys: 'none' }))).toThrow(/does not know \(keys\)/)
  expect(() => readResource('text')).toThrow(/does not know \(id\)/)
  expect(() => readResource(resourceAnswer({ rotated_at: 'soon' }))).toThrow(/does not know \(rotated_at\)/)
})

test('fields and words that are new do not disturb', () => {
  const answer = resourceAnswer({ novel: true, health: { state: 'novel', heading: 'New', advice: 'Read.' } })
  expect(infoOf(readResource(answer), [], NOW, PLAIN)).toMatchObject({ Health: 'New', 'What to do': 'Read.' })
})

test('info says the health, the dates, and which key each app runs', () => {
  expect(infoOf(resource(), [], NOW, PLAIN)).toEqual({
    Plan: 'securekey:fortnightly',
    Health: 'All is well',
    'What to do': null,
    'Signs with': 'key aaaa1111, version 3',
    'Rotated at': '2026-03-03 12:00 UTC (7 days ago)',
    'Next rotation': '2026-03-17 12:00 UTC (in 7 days)',
    'After that': ['2026-03-31 12:00 UTC'],
    Windows: 'at any time',
    Freezes: 'none',
    'Under way': null,
    Paused: null,
    'Rotation period': '14d',
    'Grace period': 'until the next rotation',
    'Token life': 'not stated',
    'Next key': 'not announced',
    Apps: [
      'service-1::SECURE_KEY runs the current key (v12)',
      'service-2::SERVICE_ONE_SECURE_KEY runs the current key (v12)',
    ],
  })
})

test('a row of the history says what happened, to which key, and who did it', () => {
  const event = {
    seq: 7,
    at: '2026-03-03T12:00:00.000Z',
    kind: 'rotation-requested',
    actor: { type: 'person', id: 'u1', name: 'ada@example.com', verified: true, address: null },
    key: { kid: 'aaaa1111', version: 3 },
    details: { reason: 'manual', nested: { a: 1 } },
  }
  const { events, next } = readHistoryPage({ events: [event], next: null })
  expect(next).toBeNull()
  expect(events.map(historyRow)).toEqual([
    {
      seq: '7',
      at: '2026-03-03 12:00 UTC',
      what: 'rotation requested, key aaaa1111, reason: manual',
      by: 'ada@example.com',
    },
  ])
})

describe('dates', () => {
  test.each([
    ['2026-03-10T12:00:02Z', '2026-03-10 12:00 UTC (now)'],
    ['2026-03-10T12:01:00Z', '2026-03-10 12:01 UTC (in 60 seconds)'],
    ['2026-03-10T10:00:00Z', '2026-03-10 10:00 UTC (2 hours ago)'],
    ['2026-04-10T12:00:00Z', '2026-04-10 12:00 UTC (in 31 days)'],
  ])('%s is said as %s', (date, words) => {
    expect(momentWords(new Date(date), NOW)).toBe(words)
  })

  test.each([
    ['7d', '2026-03-17T12:00:00.000Z'],
    ['2026-12-24', '2026-12-24T00:00:00.000Z'],
    ['2026-12-24 08:30', '2026-12-24T08:30:00.000Z'],
    ['2026-12-24T08:30Z', '2026-12-24T08:30:00.000Z'],
    ['2026-12-24T08:30+02:00', '2026-12-24T06:30:00.000Z'],
  ])('the end %s is %s', (text, iso) => {
    expect(endOf(text, NOW).toISOString()).toBe(iso)
  })

  test.each(['tomorrow', '2026-13-01', '24.12.2026', '', '7'])('the end "%s" is refused', (text) => {
    expect(() => endOf(text, NOW)).toThrow(/must be a date such as/)
  })
})
