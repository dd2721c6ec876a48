import { describe, expect, test } from 'vitest'
import { ANY_TIME } from '../../src/domain/calendar.ts'
import {
  type Keyset,
  liveVersions,
  type OlderKey,
  promoteFiller,
  promoteKey,
  publishedPair,
  type SecondKey,
} from '../../src/domain/keyset.ts'
import { versionsToMake } from '../../src/domain/new-versions.ts'
import { type ResourceState, stateAtProvision } from '../../src/domain/resource-state.ts'
import { decideStep, nextWakeAt, type Situation, type Step } from '../../src/domain/rotation.ts'

const NOW = new Date('2026-03-03T12:00:00Z')
const HOUR = 3_600_000
const DAY = 24 * HOUR
const inMs = (ms: number) => new Date(NOW.getTime() + ms)
const ELAPSED = { until: 'elapsed', ms: 48 * HOUR } as const
const UNTIL_NEXT = { until: 'next-rotation' } as const
const PAUSE = { at: inMs(-DAY), until: null, reason: 'holiday' }

/** Key 2 signs, key 1 is accepted and stands in the second place. */
const PAIR: Keyset = {
  current: 2,
  second: { version: 1, filler: false, until: inMs(DAY) },
  pending: null,
  pendingFiller: null,
  older: [],
  next: null,
  revokedTo: 0,
}
const pair = (more: Partial<Keyset> = {}): Keyset => ({ ...PAIR, ...more })
const until = (ms: number): SecondKey => ({ version: 1, filler: false, until: inMs(ms) })
const FILLER: SecondKey = { version: 1, filler: true }
/** An old key that left the config var. */
const older = (ms: number): OlderKey[] => [{ version: 0, until: inMs(ms) }]

function situation(more: Partial<Situation> = {}): Situation {
  return {
    keyset: PAIR,
    grace: UNTIL_NEXT,
    nextRotationAt: inMs(DAY),
    rotation: null,
    pause: null,
    calendar: ANY_TIME,
    checkAt: null,
    trust: { foreignSince: null },
    heldBack: null,
    turn: null,
    announcesNext: false,
    tokenLifeMs: null,
    ...more,
  }
}

const pendingKey = { pending: 3 }
const pendingFiller = { pendingFiller: 4 }
const overdueSecond = pair({ second: until(-1) })
const manual = { reason: 'manual', dueAt: inMs(-HOUR) } as const
const revoke = { reason: 'revoke', dueAt: inMs(-HOUR) } as const

describe('the next key', () => {
  const made = { version: 5, announced: false }
  const listed = { version: 5, announced: true }
  const on = { announcesNext: true }
  const stepOf = (more: Partial<Situation>) => decideStep(situation(more), NOW)

  test('is made where it is wanted, announced, and left alone then', () => {
    expect(stepOf(on)).toEqual({ step: 'create-next' })
    const pairWith = (next: number | null) => ({ first: 2, second: 1, next })
    expect(stepOf({ ...on, keyset: pair({ next: made }) })).toEqual({
      step: 'publish-next',
      pair: pairWith(5),
    })
    expect(stepOf({ ...on, keyset: pair({ next: listed }) })).toEqual({ step: 'wait' })
    for (const next of [made, listed]) {
      const keyset = pair({ next })
      expect(stepOf({ keyset })).toEqual({ step: 'publish-next', pair: pairWith(null) })
    }
  })

  test('waits for no pause and for no app, since nobody signs with it', () => {
    const pause = { at: inMs(-DAY), until: null, reason: '' }
    const heldBack = { lookAt: inMs(HOUR) }
    for (const more of [{ pause }, { heldBack }, { pause, heldBack }]) {
      expect(stepOf({ ...on, ...more })).toEqual({ step: 'create-next' })
      expect(stepOf({ ...more, keyset: pair({ next: listed }) }).step).toBe('publish-next')
      expect(nextWakeAt(situation({ ...on, ...more }), NOW)).toEqual(NOW)
    }
  })

  test('goes along with a rotation or a filler, and is no push of its own then', () => {
    const keyset = pair({ ...pendingKey, next: made })
    expect(stepOf({ ...on, rotation: manual, keyset })).toMatchObject({ step: 'publish', pair: { next: 5 } })
    expect(stepOf({ rotation: manual, keyset })).toMatchObject({ step: 'publish', pair: { next: null } })
    expect(stepOf({ ...on, rotation: manual })).toMatchObject({ step: 'create' })
    const filled = pair({ pendingFiller: 4, next: made })
    expect(stepOf({ ...on, keyset: filled })).toMatchObject({ step: 'publish-filler', pair: { next: 5 } })
    expect(stepOf({ keyset: filled })).toMatchObject({ step: 'publish-filler', pair: { next: null } })
  })

  test('stays as it is beside a foreign pair, beside which no machine pushes anything', () => {
    const trust = { foreignSince: inMs(-DAY) }
    expect(stepOf({ ...on, trust })).toEqual({ step: 'wait' })
    expect(nextWakeAt(situation({ ...on, trust }), NOW)).toBeNull()
  })
})

describe('the versions that are made', () => {
  const state = (more: Partial<ResourceState>) => ({
    ...stateAtProvision({ current: 2, filler: 1 }, NOW, NOW),
    ...more,
  })
  const create = { step: 'create', ...manual } as const
  const announced = { version: 3, announced: true }
  const withNext = { lastVersion: 3, keyset: pair({ next: announced }) }

  test('are a key, and the next one where that is wanted', () => {
    expect(versionsToMake(state({}), create)).toEqual({ key: 3, filler: null, next: null })
    expect(versionsToMake(state({ announcesNext: true }), create)).toEqual({ key: 3, filler: null, next: 4 })
  })

  test('are no key where one is announced: the rotation promotes that, though nobody wants the next one any more', () => {
    expect(versionsToMake(state({ ...withNext, announcesNext: true }), create)).toEqual({
      key: 3,
      filler: null,
      next: 4,
    })
    expect(versionsToMake(state(withNext), create)).toEqual({ key: 3, filler: null, next: null })
  })

  test('are three for a revoke, the next one behind the filler', () => {
    const step = { step: 'create', ...revoke } as const
    expect(versionsToMake(state({ announcesNext: true }), step)).toEqual({ key: 3, filler: 4, next: 5 })
  })

  test('are a filler and a next key together where both are lacking', () => {
    const step = { step: 'create-filler' } as const
    expect(versionsToMake(state({ announcesNext: true }), step)).toEqual({ key: null, filler: 3, next: 4 })
    expect(versionsToMake(state({ ...withNext, announcesNext: true }), step)).toEqual({
      key: null,
      filler: 4,
      next: null,
    })
  })
})

describe('the step that a resource needs', () => {
  /** `wakeAt`: until when it waits. */
  type Needed = Exclude<Step, { step: 'wait' }> | { step: 'wait'; wakeAt: Date | null }
  const table: [string, Partial<Situation>, Needed][] = [
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
      { rotation: manual, nextRotationAt: inMs(-DAY) },
      { step: 'create', ...manual },
    ],
    [
      'a rotation is open and has its key: publish it in front of the current one',
      { rotation: manual, keyset: pair(pendingKey) },
      { step: 'publish', pair: { first: 3, second: 2, next: null } },
    ],
    [
      'a scheduled rotation has its key although its date has been moved away: publish it all the same',
      {
        rotation: { reason: 'scheduled', dueAt: inMs(-DAY) },
        nextRotationAt: inMs(20 * DAY),
        keyset: pair(pendingKey),
      },
      { step: 'publish', pair: { first: 3, second: 2, next: null } },
    ],
    [
      'a filler is waiting while a rotation has its key: the rotation goes first and keeps the former first key',
      { rotation: manual, keyset: pair({ ...pendingKey, ...pendingFiller }) },
      { step: 'publish', pair: { first: 3, second: 2, next: null } },
    ],
    ['a revoke has no key: make one', { rotation: revoke }, { step: 'create', ...revoke }],
    [
      'a revoke has its key and its filler: publish both, no old key among them',
      { rotation: revoke, keyset: pair({ ...pendingKey, ...pendingFiller }) },
      { step: 'publish', pair: { first: 3, second: 4, next: null } },
    ],
    [
      'an open rotation goes before everything else that is due',
      {
        rotation: manual,
        keyset: pair({ second: until(-1), older: older(-1), ...pendingKey }),
        grace: ELAPSED,
        checkAt: NOW,
      },
      { step: 'publish', pair: { first: 3, second: 2, next: null } },
    ],
    [
      'a filler is made: publish it behind the current key',
      { keyset: pair(pendingFiller), grace: ELAPSED },
      { step: 'publish-filler', pair: { first: 2, second: 4, next: null } },
    ],
    [
      'a filler is made and the due date has come: the rotation goes first',
      { keyset: pair(pendingFiller), nextRotationAt: NOW },
      { step: 'create', reason: 'scheduled', dueAt: NOW },
    ],
    [
      'an old key that left the config var is past its grace period: erase it',
      { keyset: pair({ older: older(0) }) },
      { step: 'erase' },
    ],
    [
      'an old key that left the config var is within its grace period: keep it until then',
      { keyset: pair({ older: older(1) }) },
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
      { keyset: pair({ second: FILLER }), grace: ELAPSED },
      { step: 'wait', wakeAt: inMs(DAY) },
    ],
    [
      'the check of the config is due: compare with the published pair',
      { checkAt: NOW },
      { step: 'check', pair: { first: 2, second: 1, next: null } },
    ],
    [
      'a key must be erased and a check is due: erase first',
      { keyset: pair({ older: older(-1) }), checkAt: NOW },
      { step: 'erase' },
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
      { pause: PAUSE, keyset: pair({ older: older(0) }) },
      { step: 'erase' },
    ],
    [
      'paused, and a rotation is open: it goes on',
      { pause: PAUSE, rotation: manual },
      { step: 'create', ...manual },
    ],
    [
      'paused, and the check of the config is due: check',
      { pause: PAUSE, checkAt: NOW },
      { step: 'check', pair: { first: 2, second: 1, next: null } },
    ],
    [
      'due, but held back for apps: wait until they are looked at again',
      { nextRotationAt: inMs(-1), heldBack: { lookAt: inMs(HOUR) } },
      { step: 'wait', wakeAt: inMs(HOUR) },
    ],
    [
      'asked for by hand, but held back for apps: the same',
      { rotation: manual, heldBack: { lookAt: inMs(HOUR) } },
      { step: 'wait', wakeAt: inMs(HOUR) },
    ],
    [
      'a filler is due, but held back for apps: the same',
      { keyset: overdueSecond, grace: ELAPSED, heldBack: { lookAt: inMs(HOUR) } },
      { step: 'wait', wakeAt: inMs(HOUR) },
    ],
    [
      'held back for apps, and the check of the config is due: check, for an older pair may be back',
      { nextRotationAt: inMs(-1), checkAt: NOW, heldBack: { lookAt: inMs(HOUR) } },
      { step: 'check', pair: { first: 2, second: 1, next: null } },
    ],
    [
      'asked for by hand and held back for apps, and the check is due: the same',
      { rotation: manual, checkAt: NOW, heldBack: { lookAt: inMs(HOUR) } },
      { step: 'check', pair: { first: 2, second: 1, next: null } },
    ],
    [
      'held back by hand or by schedule, the check comes before the next look',
      { rotation: manual, checkAt: inMs(1), heldBack: { lookAt: inMs(HOUR) } },
      { step: 'wait', wakeAt: inMs(1) },
    ],
    [
      'the apps are to be looked at again: go on with what is due',
      { nextRotationAt: inMs(-1), heldBack: { lookAt: NOW } },
      { step: 'create', reason: 'scheduled', dueAt: inMs(-1) },
    ],
    [
      'held back for apps, but its key is made: publish it',
      { rotation: manual, keyset: pair(pendingKey), heldBack: { lookAt: inMs(HOUR) } },
      { step: 'publish', pair: { first: 3, second: 2, next: null } },
    ],
  ]

  test.each(table)('%s', (_what, more, needed) => {
    const present = situation(more)
    const step = decideStep(present, NOW)
    expect(step.step === 'wait' ? { ...step, wakeAt: nextWakeAt(present, NOW) } : step).toEqual(needed)
  })

  test('a revoke whose filler is missing is a broken promise and never pushes an old key', () => {
    const broken = situation({ rotation: revoke, keyset: pair(pendingKey) })
    expect(() => decideStep(broken, NOW)).toThrow()
  })
})

describe('the next moment to look at a resource', () => {
  test.each([
    ['the due date', {}, inMs(DAY)],
    ['a check before the due date', { checkAt: inMs(HOUR) }, inMs(HOUR)],
    [
      'the end of an elapsed grace period before the due date',
      { grace: ELAPSED, keyset: pair({ second: until(2 * HOUR) }) },
      inMs(2 * HOUR),
    ],
    [
      'the end of the grace period of a key that left the config var',
      { keyset: pair({ older: older(HOUR) }) },
      inMs(HOUR),
    ],
  ] satisfies [string, Partial<Situation>, Date][])('is %s', (_what, more, expected) => {
    expect(nextWakeAt(situation(more), NOW)).toEqual(expected)
  })

  test('is now while a filler waits to be published, whatever date comes next and although paused', () => {
    const keyset = pair(pendingFiller)
    expect(nextWakeAt(situation({ keyset, checkAt: inMs(1) }), NOW)).toEqual(NOW)
    expect(nextWakeAt(situation({ keyset, pause: PAUSE }), NOW)).toEqual(NOW)
  })

  test('is not the end of a grace period that lasts until the next rotation', () => {
    const keyset = pair({ second: until(HOUR) })
    expect(nextWakeAt(situation({ keyset }), NOW)).toEqual(inMs(DAY))
  })
})

describe('a promotion', () => {
  const facts = { reason: 'scheduled', publishedAt: NOW, until: inMs(48 * HOUR), announces: false } as const

  test('makes the new key sign and keeps the former first for its grace period', () => {
    expect(promoteKey(pair({ second: until(-1), ...pendingKey }), facts)).toEqual({
      keyset: pair({ current: 3, second: { version: 2, filler: false, until: inMs(48 * HOUR) } }),
      erased: [1],
    })
  })

  test('keeps a key that left the config var for as long as its own grace period lasts', () => {
    const before = pair({ second: until(1), ...pendingKey })
    const { keyset, erased } = promoteKey(before, { ...facts, reason: 'manual' })
    expect(keyset.older).toEqual([{ version: 1, until: inMs(1) }])
    expect(publishedPair(keyset)).toEqual({ first: 3, second: 2, next: null })
    expect(erased).toEqual([])
  })

  test('drops a filler at once, since nobody ever signed with it', () => {
    const { keyset, erased } = promoteKey(pair({ second: FILLER, ...pendingKey }), facts)
    expect(liveVersions(keyset)).toEqual([3, 2])
    expect(erased).toEqual([1])
  })

  test('drops a filler that was made and never published', () => {
    const { keyset, erased } = promoteKey(pair({ ...pendingKey, ...pendingFiller }), facts)
    expect(liveVersions(keyset)).not.toContain(4)
    expect(erased).toEqual([4])
  })

  test('leaves nothing pending, and what was revoked stays revoked', () => {
    const { keyset } = promoteKey(pair({ ...pendingKey, ...pendingFiller, revokedTo: 1 }), facts)
    expect(keyset).toMatchObject({ pending: null, pendingFiller: null, revokedTo: 1 })
  })

  test('after a revoke leaves no old key: new key and filler are all that remains', () => {
    const before = pair({ older: older(DAY), ...pendingKey, ...pendingFiller, revokedTo: 2 })
    const { keyset, erased } = promoteKey(before, { ...facts, reason: 'revoke' })
    expect(liveVersions(keyset)).toEqual([4, 3])
    expect(publishedPair(keyset)).toEqual({ first: 3, second: 4, next: null })
    expect(keyset.second.filler).toBe(true)
    expect(erased.toSorted()).toEqual([0, 1, 2])
  })
})

describe('the promotion of a filler', () => {
  test('puts it in the second place and erases the key that stood there', () => {
    const { keyset, erased } = promoteFiller({ ...overdueSecond, ...pendingFiller }, { announces: false })
    expect(keyset).toEqual(pair({ second: { version: 4, filler: true } }))
    expect(erased).toEqual([1])
  })

  test('keeps a key that left the config var and is still within its grace period', () => {
    const { keyset, erased } = promoteFiller(
      { ...overdueSecond, ...pendingFiller, older: older(DAY) },
      { announces: false },
    )
    expect(keyset.older).toEqual(older(DAY))
    expect(erased).toEqual([1])
  })

  test('is refused when no filler waits', () => {
    expect(() => promoteFiller(PAIR, { announces: false })).toThrow()
  })
})
