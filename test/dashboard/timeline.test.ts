import { describe, expect, test } from 'vitest'
import { keyRows } from '../../src/http/dashboard/present/keys.ts'
import { timelineOf } from '../../src/http/dashboard/present/timeline.ts'
import { DAY, HOUR, MINUTE, SECOND } from '../support/harness.ts'
import { inDays, key, NOW, overview, rotatedOverview } from './support/made-up-overview.ts'

const CURRENT = key(3, 'current', -5)
const PREVIOUS = key(2, 'previous', -19)
const FILLER = key(1, 'previous', -5, { filler: true, graceEndsAt: null })

describe('the picture of the keys', () => {
  test('shows a bar of two parts per key, from its push to its end, and is told in words too', () => {
    const { rows, description } = timelineOf(overview([CURRENT, PREVIOUS]))
    expect(
      rows.map(({ label, pieces }) => [label, pieces.map(({ kind, future }) => [kind, future])]),
    ).toEqual([
      [
        'Version 2',
        [
          ['signing', false],
          ['grace', false],
          ['grace', true],
        ],
      ],
      [
        'Version 3',
        [
          ['signing', false],
          ['signing', true],
        ],
      ],
    ])
    expect(description).toBe(
      'Version 2 (00000002) is still accepted until Tue 8 Dec 2026 10:04 UTC. ' +
        'Version 3 (00000003) signs since Tue 24 Nov 2026 10:04 UTC. ' +
        'The next rotation is at Tue 8 Dec 2026 10:04 UTC.',
    )
  })

  test('says of a key that outlives its grace period, as in a pause, that it is accepted all the same', () => {
    const late = key(2, 'previous', -19, { graceEndsAt: inDays(-1) })
    const more = { grace: { until: 'elapsed', ms: 4 * DAY } } as const
    expect(timelineOf(overview([CURRENT, late], more)).description).toContain(
      'Version 2 (00000002) is still accepted, though its grace period is over.',
    )
  })

  test('shows the newest of many, counts the others, and stays inside of its frame', () => {
    const old = Array.from({ length: 29 }, (_, n) => key(n + 1, 'retired', -5 - 14 * (29 - n)))
    const { rows, left, nowX } = timelineOf(overview([key(30, 'current', -5), ...old]))
    expect(rows.map(({ label }) => label).at(-1)).toBe('Version 30')
    expect(rows.length + left).toBe(30)
    for (const { pieces } of rows) {
      for (const { x, width } of pieces) {
        expect(Number.parseFloat(x)).toBeGreaterThanOrEqual(0)
        expect(Number.parseFloat(x) + Number.parseFloat(width)).toBeLessThanOrEqual(100.02)
      }
    }
    expect(Number.parseFloat(nowX)).toBeLessThan(100)
  })

  test.each([
    ['seconds', 25 * SECOND],
    ['hours', 5 * HOUR],
    ['weeks', 14 * DAY],
    ['years', 365 * DAY],
  ])(
    'fills its frame where keys live for %s, from the first push to the next rotation',
    (_unit, periodMs) => {
      for (const rotations of [0, 3, 12]) {
        const { rows, next } = timelineOf(rotatedOverview({ periodMs, rotations, phase: 0.36 }))
        expect(Number.parseFloat(rows[0]?.pieces[0]?.x ?? '')).toBeCloseTo(2.83, 1)
        expect(Number.parseFloat(next?.x ?? '')).toBeCloseTo(97.17, 1)
      }
    },
  )

  test('is never shorter than a period, also when a pause hides the next rotation', () => {
    const life = rotatedOverview({ periodMs: 25 * SECOND, rotations: 0, phase: 0.1 })
    const { rows, nowX } = timelineOf({ ...life, pause: { at: NOW, until: null, reason: '' } })
    expect(Number.parseFloat(nowX)).toBeLessThan(15)
    expect(rows[0]?.pieces.map(({ kind, future }) => [kind, future])).toEqual([
      ['signing', false],
      ['signing', true],
    ])
  })

  test('shows a bar even of a key that lived for a second of a month', () => {
    const blink = key(2, 'previous', -SECOND / DAY, { revokedAt: NOW })
    const { rows } = timelineOf(overview([key(3, 'current', 0), blink, key(1, 'retired', -60)]))
    expect(Number.parseFloat(rows[1]?.pieces[0]?.width ?? '')).toBeGreaterThan(0.3)
  })

  test('has no bar beyond the next rotation, however near that is', () => {
    const { rows, next } = timelineOf(rotatedOverview({ periodMs: 14 * DAY, rotations: 3, phase: 0.999 }))
    const ends = rows.flatMap(({ pieces }) =>
      pieces.map(({ x, width }) => Number.parseFloat(x) + Number.parseFloat(width)),
    )
    expect(Math.max(...ends)).toBeCloseTo(Number.parseFloat(next?.x ?? ''), 1)
  })

  test.each([
    ['the time of day to the second', 25 * SECOND, '10:04:12'],
    ['the second too where its axis has minutes alone', 10 * MINUTE, '10:09:00'],
    ['the time of day', 2 * HOUR, '11:04'],
    ['the time of a weekday', 8 * HOUR, 'Sun 14:04'],
    ['the day', 14 * DAY, '6 Dec'],
    ['the day with the year, if it is another one', 365 * DAY, '30 May 2027'],
  ])('tells of the next rotation %s', (_words, periodMs, label) => {
    expect(timelineOf(rotatedOverview({ periodMs, rotations: 3, phase: 0.5 })).next?.label).toBe(label)
  })

  test('ends the bars of revoked keys where they were revoked', () => {
    const revoked = overview([
      { ...CURRENT, revokedAt: NOW },
      { ...PREVIOUS, revokedAt: NOW },
    ])
    const { rows } = timelineOf(revoked)
    expect(rows.map(({ pieces }) => pieces.map(({ kind, live }) => [kind, live]))).toEqual([
      [
        ['signing', false],
        ['grace', false],
      ],
      [['signing', false]],
    ])
    for (const { pieces } of rows) expect(pieces.every(({ future }) => !future)).toBe(true)
  })

  test('of a paused resource promises no date', () => {
    const pause = { at: inDays(-1), until: null, reason: 'freeze' }
    const { next, description } = timelineOf(overview([CURRENT, PREVIOUS], { pause }))
    expect(next).toBeNull()
    expect(description).not.toContain('The next rotation is')
    const health = { ...overview([]).health, state: 'foreign' } as const
    expect(timelineOf(overview([CURRENT, PREVIOUS], { health })).next).toBeNull()
  })

  test('of a resource that was just made is one bar', () => {
    const fresh = key(2, 'current', 0)
    expect(timelineOf(overview([fresh, FILLER])).rows).toHaveLength(1)
  })
})

describe('the list of keys', () => {
  test('names the role of each', () => {
    const pending = key(4, 'pending', 0)
    const rows = keyRows(overview([pending, CURRENT, PREVIOUS, FILLER]))
    expect(rows.map(({ version, role }) => [version, role])).toEqual([
      [4, 'on-its-way'],
      [3, 'signs'],
      [2, 'accepted'],
      [1, 'filler'],
    ])
    expect(rows[0]?.revealable).toBe(false)
  })

  test('tells a key that left the config var before its time', () => {
    const older = key(1, 'previous', -21, { graceEndsAt: inDays(2) })
    const row = keyRows(overview([CURRENT, PREVIOUS, older])).find(({ version }) => version === 1)
    expect(row).toMatchObject({ role: 'accepted', badge: 'Older', at: { fromNow: 'in 2 days' } })
    expect(row?.text).toContain('In the keyring alone: apps that read it accept')
  })

  test('tells a revoked key, although apps may hold it', () => {
    const rows = keyRows(
      overview([
        { ...CURRENT, revokedAt: NOW },
        { ...PREVIOUS, revokedAt: NOW },
      ]),
    )
    expect(rows.map(({ role }) => role)).toEqual(['revoked', 'revoked'])
  })
})
