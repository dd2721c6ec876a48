import { describe, expect, test } from 'vitest'
import { releaseOfKey } from '../../src/domain/release-of-key.ts'
import { keyRows } from '../../src/http/dashboard/present/keys.ts'
import { timelineOf } from '../../src/http/dashboard/present/timeline.ts'
import { inDays, key, NOW, overview } from './support/made-up-overview.ts'

const CURRENT = key(3, 'current', -5)
const PREVIOUS = key(2, 'previous', -19)
const SPARE = key(1, 'previous', -5, { filler: true, graceEndsAt: null })

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
    const { nextX, description } = timelineOf(overview([CURRENT, PREVIOUS], { pause }))
    expect(nextX).toBeNull()
    expect(description).not.toContain('The next rotation is')
  })

  test('of a resource that was just made is one bar', () => {
    const fresh = key(2, 'current', 0)
    expect(timelineOf(overview([fresh, SPARE])).rows).toHaveLength(1)
  })
})

describe('the list of keys', () => {
  test('names the role of each', () => {
    const pending = key(4, 'pending', 0)
    const rows = keyRows(overview([pending, CURRENT, PREVIOUS, SPARE]))
    expect(rows.map(({ version, role }) => [version, role])).toEqual([
      [4, 'on-its-way'],
      [3, 'signs'],
      [2, 'accepted'],
      [1, 'spare'],
    ])
    expect(rows[0]?.revealable).toBe(false)
  })

  test('tells a key that left the config var but is still accepted', () => {
    const older = key(1, 'previous', -21, { graceEndsAt: inDays(2) })
    const row = keyRows(overview([CURRENT, PREVIOUS, older])).find(({ version }) => version === 1)
    expect(row).toMatchObject({ role: 'accepted', until: { fromNow: 'in 2 days' } })
    expect(row?.text).toContain('No longer in the config var')
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

describe('the release that brought a key', () => {
  const release = (version: number, secondsAfter: number, byAddon = true, status = 'succeeded') => ({
    version,
    status,
    createdAt: new Date(NOW.getTime() + secondsAfter * 1_000),
    byAddon,
  })

  test.each([
    [
      'is the add-on’s own at the time of the push',
      [release(5, 900, false), release(4, -1), release(3, -9_000)],
      4,
    ],
    ['is the later one of two pushes in a row', [release(5, -1), release(4, -20)], 5],
    ['is the first one after the push where the app was attached later', [release(5, 900, false)], 5],
    ['is not one that failed', [release(5, 60), release(4, -1, true, 'failed')], 5],
    ['is not known when all are older', [release(4, -31)], undefined],
  ])('%s', (_name, releases, version) => {
    expect(releaseOfKey(releases, { createdAt: NOW, publishedAt: NOW })?.version).toBe(version)
  })

  test('is that of the push, however long its confirmation took', () => {
    const key = { createdAt: NOW, publishedAt: new Date(NOW.getTime() + 3_600_000) }
    const releases = [release(7, 9_000, false), release(6, 4), release(5, 2, false), release(4, -60)]
    expect(releaseOfKey(releases, key)?.version).toBe(6)
    expect(releaseOfKey([release(5, 2, false), release(4, -60)], key)).toBeUndefined()
  })
})
