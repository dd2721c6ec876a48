import { describe, expect, test } from 'vitest'
import type { KeyVersion } from '../../src/domain/keyset.ts'
import {
  afterTransitions,
  decideStep,
  fillerPromotion,
  nextWakeAt,
  promotion,
  publishedPair,
  type Situation,
  type Step,
} from '../../src/domain/rotation.ts'
import { keyVersion } from './support/key-version.ts'

const NOW = new Date('2026-03-03T12:00:00Z')
const HOUR = 3_600_000
const DAY = 24 * HOUR
const inMs = (ms: number) => new Date(NOW.getTime() + ms)
const ELAPSED = { until: 'elapsed', ms: 48 * HOUR } as const
const UNTIL_NEXT = { until: 'next-rotation' } as const
const PAUSE = { at: inMs(-DAY), until: null, reason: 'holiday' }

/** Key 2 signs, key 1 is accepted and stands in the second place. */
function pair(more: Partial<KeyVersion> = {}): KeyVersion[] {
  return [keyVersion(1, 'previous', { graceEndsAt: inMs(DAY), ...more }), keyVersion(2, 'current')]
}

function situation(more: Partial<Situation> = {}): Situation {
  return {
    keyset: pair(),
    grace: UNTIL_NEXT,
    nextRotationAt: inMs(DAY),
    openRotation: null,
    pause: null,
    checkAt: null,
    ...more,
  }
}

const pendingKey = keyVersion(3, 'pending')
const pendingFiller = keyVersion(4, 'pending', { filler: true })
const overdueSecond = pair({ graceEndsAt: inMs(-1) })
const manual = { reason: 'manual', dueAt: inMs(-HOUR) } as const
const revoke = { reason: 'revoke', dueAt: inMs(-HOUR) } as const

describe('the step that a resource needs', () => {
  const table: [string, Partial<Situation>, Step][] = [
    ['nothing is due: wait for the due date', {}, { step: 'wait', wakeAt: inMs(DAY) }],
    [
      'the due date is a millisecond away: wait',
      { nextRotationAt: inMs(1) },
      { step: 'wait', wakeAt: inMs(1) },
    ],
    [
      'the due date is now: make a key',
      { nextRotationAt: NOW },
      { step: 'create', reason: 'scheduled', dueAt: NOW },
    ],
    [
      'the due date was missed for long: make one key, for that date',
      { nextRotationAt: inMs(-90 * DAY) },
      { step: 'create', reason: 'scheduled', dueAt: inMs(-90 * DAY) },
    ],
    [
      'a rotation is open and has no key: make one, for its own reason and date',
      { openRotation: manual, nextRotationAt: inMs(-DAY) },
      { step: 'create', ...manual },
    ],
    [
      'a rotation is open and has its key: publish it in front of the current one',
      { openRotation: manual, keyset: [...pair(), pendingKey] },
      { step: 'publish', pair: { first: 3, second: 2 } },
    ],
    [
      'a scheduled rotation has its key although its date has been moved away: publish it all the same',
      {
        openRotation: { reason: 'scheduled', dueAt: inMs(-DAY) },
        nextRotationAt: inMs(20 * DAY),
        keyset: [...pair(), pendingKey],
      },
      { step: 'publish', pair: { first: 3, second: 2 } },
    ],
    [
      'a filler is waiting while a rotation has its key: the rotation goes first and keeps the former first key',
      { openRotation: manual, keyset: [...pair(), pendingKey, pendingFiller] },
      { step: 'publish', pair: { first: 3, second: 2 } },
    ],
    ['a revoke has no key: make one', { openRotation: revoke }, { step: 'create', ...revoke }],
    [
      'a revoke has its key and its filler: publish both, no old key among them',
      { openRotation: revoke, keyset: [...pair(), pendingKey, pendingFiller] },
      { step: 'publish', pair: { first: 3, second: 4 } },
    ],
    [
      'an open rotation goes before everything else that is due',
      {
        openRotation: manual,
        keyset: [...overdueSecond, keyVersion(0, 'previous'), pendingKey],
        grace: ELAPSED,
        checkAt: NOW,
      },
      { step: 'publish', pair: { first: 3, second: 2 } },
    ],
    [
      'a filler is made: publish it behind the current key',
      { keyset: [...pair(), pendingFiller], grace: ELAPSED },
      { step: 'publish-filler', pair: { first: 2, second: 4 } },
    ],
    [
      'a filler is made and the due date has come: the rotation goes first',
      { keyset: [...pair(), pendingFiller], nextRotationAt: NOW },
      { step: 'create', reason: 'scheduled', dueAt: NOW },
    ],
    [
      'an old key that left the config var is past its grace period: erase it',
      { keyset: [...pair(), keyVersion(0, 'previous', { graceEndsAt: NOW })] },
      { step: 'erase', versions: [0] },
    ],
    [
      'an old key that left the config var is within its grace period: keep it until then',
      { keyset: [...pair(), keyVersion(0, 'previous', { graceEndsAt: inMs(1) })] },
      { step: 'wait', wakeAt: inMs(1) },
    ],
    [
      'the key in the second place is past its elapsed grace period: replace it by a filler',
      { keyset: overdueSecond, grace: ELAPSED },
      { step: 'create-filler' },
    ],
    [
      'the grace period lasts until the next rotation: no filler, whatever date stands on the key',
      { keyset: overdueSecond, grace: UNTIL_NEXT },
      { step: 'wait', wakeAt: inMs(DAY) },
    ],
    [
      'the second place holds a filler already: no other one follows',
      { keyset: pair({ filler: true, graceEndsAt: null }), grace: ELAPSED },
      { step: 'wait', wakeAt: inMs(DAY) },
    ],
    [
      'the second key was never replaced, so its grace period never began: no filler',
      { keyset: pair({ graceEndsAt: null }), grace: ELAPSED },
      { step: 'wait', wakeAt: inMs(DAY) },
    ],
    [
      'the check of the config is due: compare with the published pair',
      { checkAt: NOW },
      { step: 'check', pair: { first: 2, second: 1 } },
    ],
    [
      'a key must be erased and a check is due: erase first',
      { keyset: [...pair(), keyVersion(0, 'previous')], checkAt: NOW },
      { step: 'erase', versions: [0] },
    ],
    [
      'paused, and the due date has come: wait',
      { pause: PAUSE, nextRotationAt: NOW },
      { step: 'wait', wakeAt: null },
    ],
    [
      'paused until a date: wait until then',
      { pause: { ...PAUSE, until: inMs(HOUR) }, nextRotationAt: inMs(-DAY) },
      { step: 'wait', wakeAt: inMs(HOUR) },
    ],
    [
      'the pause ended a moment ago and the due date has come: make a key',
      { pause: { ...PAUSE, until: NOW }, nextRotationAt: inMs(-DAY) },
      { step: 'create', reason: 'scheduled', dueAt: inMs(-DAY) },
    ],
    [
      'paused, and a grace period is over: no filler, since that would restart apps',
      { pause: PAUSE, keyset: overdueSecond, grace: ELAPSED },
      { step: 'wait', wakeAt: null },
    ],
    [
      'paused, and a key that left the config var is past its grace period: erase it, since nobody restarts',
      { pause: PAUSE, keyset: [...pair(), keyVersion(0, 'previous', { graceEndsAt: NOW })] },
      { step: 'erase', versions: [0] },
    ],
    [
      'paused, and a rotation is open: it goes on',
      { pause: PAUSE, openRotation: manual },
      { step: 'create', ...manual },
    ],
    [
      'paused, and the check of the config is due: check',
      { pause: PAUSE, checkAt: NOW },
      { step: 'check', pair: { first: 2, second: 1 } },
    ],
  ]

  test.each(table)('%s', (_what, more, step) => {
    expect(decideStep(situation(more), NOW)).toEqual(step)
  })

  test('a revoke whose filler is missing is a broken promise and never pushes an old key', () => {
    const broken = situation({ openRotation: revoke, keyset: [...pair(), pendingKey] })
    expect(() => decideStep(broken, NOW)).toThrow()
  })
})

describe('the next moment to look at a resource', () => {
  test.each([
    ['the due date', {}, inMs(DAY)],
    ['a check before the due date', { checkAt: inMs(HOUR) }, inMs(HOUR)],
    [
      'the end of an elapsed grace period before the due date',
      { grace: ELAPSED, keyset: pair({ graceEndsAt: inMs(2 * HOUR) }) },
      inMs(2 * HOUR),
    ],
    [
      'the end of the grace period of a key that left the config var',
      { keyset: [...pair(), keyVersion(0, 'previous', { graceEndsAt: inMs(HOUR) })] },
      inMs(HOUR),
    ],
  ] satisfies [string, Partial<Situation>, Date][])('is %s', (_what, more, expected) => {
    expect(nextWakeAt(situation(more), NOW)).toEqual(expected)
  })

  test('is not the end of a grace period that lasts until the next rotation', () => {
    const keyset = pair({ graceEndsAt: inMs(HOUR) })
    expect(nextWakeAt(situation({ keyset }), NOW)).toEqual(inMs(DAY))
  })
})

describe('a promotion', () => {
  const schedule = { grace: ELAPSED, publishedAt: NOW, nextRotationAt: inMs(14 * DAY) }

  test('makes the new key sign and keeps the former first for its grace period, counted from the push', () => {
    const keyset = [...pair({ graceEndsAt: inMs(-1) }), pendingKey]
    expect(promotion(keyset, 'scheduled', schedule)).toEqual([
      { version: 1, to: 'retired', graceEndsAt: inMs(-1) },
      { version: 2, to: 'previous', graceEndsAt: inMs(48 * HOUR) },
      { version: 3, to: 'current', graceEndsAt: null },
    ])
  })

  test('keeps a key that left the config var for as long as its own grace period lasts', () => {
    const keyset = [...pair({ graceEndsAt: inMs(1) }), pendingKey]
    const after = afterTransitions(keyset, promotion(keyset, 'manual', schedule))
    expect(after.map(({ stage }) => stage)).toEqual(['previous', 'previous', 'current'])
    expect(after[0]?.graceEndsAt).toEqual(inMs(1))
    expect(publishedPair(after)).toEqual({ first: 3, second: 2 })
  })

  test('drops a filler at once, since nobody ever signed with it', () => {
    const keyset = [...pair({ filler: true, graceEndsAt: null }), pendingKey]
    const after = afterTransitions(keyset, promotion(keyset, 'scheduled', schedule))
    expect(after[0]?.stage).toBe('retired')
  })

  test('drops a filler that was made and never published', () => {
    const keyset = [...pair(), pendingKey, pendingFiller]
    const after = afterTransitions(keyset, promotion(keyset, 'scheduled', schedule))
    expect(after.find(({ version }) => version === 4)?.stage).toBe('retired')
  })

  test('passes over keys that are erased already', () => {
    const keyset = [keyVersion(0, 'retired', { graceEndsAt: inMs(-DAY) }), ...pair(), pendingKey]
    expect(promotion(keyset, 'scheduled', schedule).map(({ version }) => version)).toEqual([2, 3])
  })

  test('after a revoke leaves no old key: new key and filler are all that remains', () => {
    const keyset = [
      keyVersion(0, 'previous', { graceEndsAt: inMs(DAY) }),
      ...pair(),
      pendingKey,
      pendingFiller,
    ]
    const after = afterTransitions(keyset, promotion(keyset, 'revoke', schedule))
    expect(
      after.filter(({ stage }) => stage !== 'retired').map(({ version, stage }) => [version, stage]),
    ).toEqual([
      [3, 'current'],
      [4, 'previous'],
    ])
    expect(publishedPair(after)).toEqual({ first: 3, second: 4 })
  })
})

describe('the promotion of a filler', () => {
  test('puts it in the second place and erases the key that stood there', () => {
    const keyset = [...overdueSecond, pendingFiller]
    const after = afterTransitions(keyset, fillerPromotion(keyset))
    expect(after.map(({ stage }) => stage)).toEqual(['retired', 'current', 'previous'])
    expect(publishedPair(after)).toEqual({ first: 2, second: 4 })
  })

  test('keeps a key that left the config var and is still within its grace period', () => {
    const older = keyVersion(0, 'previous', { graceEndsAt: inMs(DAY) })
    const keyset = [older, ...overdueSecond, pendingFiller]
    expect(afterTransitions(keyset, fillerPromotion(keyset))[0]).toEqual(older)
  })

  test('changes nothing when no filler waits', () => {
    expect(fillerPromotion(pair())).toEqual([])
  })
})
