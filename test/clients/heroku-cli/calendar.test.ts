import { describe, expect, test } from 'vitest'
import { freezeOf, readFreezes } from '../../../clients/heroku-cli/src/answers/freezes.ts'
import { readPolicy } from '../../../clients/heroku-cli/src/answers/resource.ts'
import { ofFreezing, ofPuttingOffLess } from '../../../clients/heroku-cli/src/rotation/put-off.ts'
import { freezeRow, scheduleOf } from '../../../clients/heroku-cli/src/shown/calendar.ts'
import { infoOf } from '../../../clients/heroku-cli/src/shown/info.ts'
import { PLAIN } from '../../../clients/heroku-cli/src/shown/paint.ts'
import { freezeDateOf } from '../../../clients/heroku-cli/src/words/freeze-date.ts'
import { typedWindows } from '../../../clients/heroku-cli/src/words/windows.ts'
import { resource, resourceAnswer } from './support/made-up-resource.ts'
import { NOW } from './support/still-surroundings.ts'

const CHRISTMAS = {
  id: '0a1b2c3d4e5f',
  from: '2026-12-19T23:00:00.000Z',
  until: '2027-01-05T23:00:00.000Z',
  zone: 'Europe/Berlin',
  reason: 'Christmas',
  of: 'add-on',
}
const OUTAGE = {
  ...CHRISTMAS,
  id: 'ffffffffffff',
  from: '2026-03-09T00:00:00.000Z',
  zone: 'Mars/Olympus',
  reason: '',
  of: 'partner',
}
const freezes = readFreezes({ freezes: [OUTAGE, CHRISTMAS] })
const policy = (changes: Record<string, unknown>) => ({
  ...(resourceAnswer().policy as object),
  ...changes,
})
const WINDOW = 'tue-thu 09:00-12:00 Europe/Berlin'
const putOff = (due: string, changes: Record<string, unknown> = {}) =>
  resource({ next_rotation_due_at: due, ...changes })

describe('what was typed', () => {
  test.each([
    [undefined, undefined, { windows: undefined, addon: undefined }],
    [WINDOW, undefined, { windows: WINDOW, addon: undefined }],
    [` ${WINDOW}; ${WINDOW} `, 'round-1', { windows: `${WINDOW}; ${WINDOW}`, addon: 'round-1' }],
    ['Any', undefined, { windows: 'any', addon: undefined }],
    ['none', 'round-1', { windows: 'any', addon: 'round-1' }],
    ['round-1', undefined, { windows: undefined, addon: 'round-1' }],
    ['service-1::OTHER', undefined, { windows: undefined, addon: 'service-1::OTHER' }],
    ['daily', '09:00-12:00', undefined],
  ])('%j %j is told apart into windows and the name of an add-on', (first, second, typed) => {
    expect(typedWindows(first, second)).toEqual(typed)
  })

  test.each(['2026-12-20', '2026-12-20T18:00', '2026-12-20 18:00'])('%s is a date of a freeze', (text) => {
    expect(freezeDateOf(text)).toBe(text)
  })

  test.each(['tomorrow', '7d', '2026-12-20T18:00Z', '20.12.2026', ''])('%j is none', (text) => {
    expect(() => freezeDateOf(text)).toThrow(/such as 2026-12-20, or with a time/)
  })
})

describe('windows', () => {
  test('are read one by one, however many they are, and any stands for none', () => {
    const many = Array.from({ length: 10 }, () => 'mon,wed,fri 09:00-12:00 America/Argentina/Buenos_Aires')
    expect(readPolicy(policy({ windows: many.join('; ') })).windows).toEqual(many)
    expect(readPolicy(policy({ windows: 'any' })).windows).toEqual([])
    expect(readPolicy(policy({ windows: 'a\u001b[2J; b' })).windows).toEqual(['a [2J', 'b'])
    expect(() => readPolicy(policy({ windows: null }))).toThrow(/does not know \(windows\)/)
    expect(() => readPolicy(policy({ windows: 'x'.repeat(2_001) }))).toThrow(/does not know \(windows\)/)
  })

  test('are shown with the dates at which the service says that rotations are served', () => {
    expect(scheduleOf(resource({ policy: policy({ windows: `${WINDOW}; ${WINDOW}` }) }), NOW)).toEqual({
      Windows: [WINDOW, WINDOW],
      'Next rotations': ['2026-03-17 12:00 UTC (in 7 days)', '2026-03-31 12:00 UTC (in 21 days)'],
    })
    expect(scheduleOf(resource({ next_rotations: [] }), NOW)).toEqual({
      Windows: 'at any time',
      'Next rotations': 'none before somebody has acted',
    })
  })
})

describe('freezes', () => {
  test('are shown by the clock of their zone; one whose zone is not known here, in UTC', () => {
    const [outage, christmas] = freezes.map((freeze) => freezeRow(freeze, NOW))
    expect(christmas).toEqual({
      id: '0a1b2c3d4e5f',
      from: '2026-12-20 00:00',
      until: '2027-01-06 00:00',
      zone: 'Europe/Berlin',
      state: 'to come',
      reason: 'Christmas',
      of: 'this add-on',
    })
    expect(outage).toMatchObject({ from: '2026-03-09 00:00 UTC', state: 'now', of: 'all add-ons' })
  })

  test('are found by their ids; those of the partner cannot be removed', () => {
    expect(freezeOf(freezes, '0a1b2c3d4e5f').reason).toBe('Christmas')
    expect(() => freezeOf(freezes, 'ffffffffffff')).toThrow(/counts for all add-ons/)
    expect(() => freezeOf(freezes, 'christmas')).toThrow(/no such freeze/)
  })

  test('hold back what the schedule does, and not what has been sent', () => {
    expect(ofFreezing(resource()).join(' ')).toMatch(/restarts no app.*securekey:revoke go ahead\.$/)
    expect(ofFreezing(resource({ rotation: 'manual-1' })).at(-1)).toContain('manual-1')
  })
})

test('info shows windows, freezes, the dates to come, and what is put off', () => {
  const shown = putOff('2026-03-15T12:00:00Z', { policy: policy({ windows: WINDOW }) })
  expect(infoOf(shown, freezes, NOW, PLAIN)).toMatchObject({
    'Next rotation':
      '2026-03-17 12:00 UTC (in 7 days), put off by a window or a freeze: due 2026-03-15 12:00 UTC',
    'After that': ['2026-03-31 12:00 UTC'],
    Windows: [WINDOW],
    Freezes: [
      '2026-03-09 00:00 UTC to 2027-01-05 23:00 UTC Mars/Olympus (all add-ons)',
      '2026-12-20 00:00 to 2027-01-06 00:00 Europe/Berlin: Christmas',
    ],
  })
})

describe('other windows, or a freeze less,', () => {
  test('change nothing of a rotation that nothing puts off', () => {
    expect(ofPuttingOffLess(resource(), NOW)).toEqual({ sentences: [], early: false })
    const none = resource({ next_rotation_at: null, next_rotation_due_at: null, next_rotations: [] })
    expect(ofPuttingOffLess(none, NOW)).toEqual({ sentences: [], early: false })
  })

  test('may bring one that is put off to its due date, and what a key signed is refused earlier by that', () => {
    expect(ofPuttingOffLess(putOff('2026-03-15T12:00:00Z'), NOW)).toEqual({
      early: true,
      sentences: [
        'A rotation is put off until 2026-03-17 12:00 UTC (in 7 days). It may come from 2026-03-15 12:00 UTC (in 5 days) on. The apps service-1 and service-2 restart.',
        'What was signed with the previous key bbbb2222 is refused from then on, and not from 2026-03-17 12:00 UTC (in 7 days) on.',
      ],
    })
  })

  test('may bring one that was due before to this moment', () => {
    const { early, sentences } = ofPuttingOffLess(putOff('2026-03-09T12:00:00Z'), NOW)
    expect(early).toBe(true)
    expect(sentences[0]).toContain('It may come at once.')
  })

  test.each([
    ['nobody signs with the key that leaves', { would_log_out: null }],
    [
      'that key ends before in any case',
      {
        would_log_out: { ...(resourceAnswer().would_log_out as object), accepted_until: '2026-03-12T12:00Z' },
      },
    ],
  ])('are not early where %s', (_what, changes) => {
    const { early, sentences } = ofPuttingOffLess(putOff('2026-03-15T12:00:00Z', changes), NOW)
    expect({ early, told: sentences.length }).toEqual({ early: false, told: 1 })
  })
})
