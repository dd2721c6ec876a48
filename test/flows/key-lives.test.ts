import { expect, test } from 'vitest'
import type { HistoryEvent, HistoryRow } from '../../src/domain/history.ts'
import type { Keyset } from '../../src/domain/keyset.ts'
import { openRotation, type ResourceState, stateAtProvision } from '../../src/domain/resource-state.ts'
import { keyLives } from '../../src/flows/key-lives.ts'
import type { StoredKey } from '../../src/store/sealed-keys.ts'

const START = new Date('2026-03-03T12:00:00Z')
const onDay = (day: number) => new Date(START.getTime() + day * 86_400_000)
const print = (version: number) => version.toString(16).padStart(8, '0')
const named = (version: number) => ({ version, fingerprint: print(version) })
const worker = { type: 'worker' } as const

/** A key that was stored on a day. */
function stored(version: number, day: number): StoredKey {
  const digest = Buffer.from(print(version).padEnd(64, 'f'), 'hex')
  return { version, createdAt: onDay(day), digest, sealed: Buffer.alloc(0) }
}

/** The rows of a history, the newest first as they are read. */
function rows(...events: (Omit<HistoryEvent, 'at' | 'actor'> & { day: number })[]): HistoryRow[] {
  return events
    .map(
      ({ day, ...event }, index): HistoryRow => ({ ...event, at: onDay(day), actor: worker, seq: index + 1 }),
    )
    .toReversed()
}

/** A state whose keyset is the given one. */
function stateWith(keyset: Partial<Keyset>, publishedOn: number, more: Partial<ResourceState> = {}) {
  const made = stateAtProvision({ current: 2, filler: 1 }, onDay(14), START)
  return { ...made, keyset: { ...made.keyset, ...keyset }, publishedAt: onDay(publishedOn), ...more }
}

const PROVISIONED = { day: 0, kind: 'provisioned', key: named(2), filler: named(1) } as const
/** Version 3 was made on day 13.5, and Heroku confirmed it on day 14. */
const ROTATED = {
  day: 14,
  kind: 'rotated',
  key: named(3),
  madeAt: onDay(13.5),
  publishedAt: onDay(14),
  erased: [1],
  rotation: { reason: 'scheduled', dueAt: onDay(13), openedAt: onDay(13) },
} as const
const AFTER_ROTATION = stateWith({ current: 3, second: { version: 2, filler: false, until: onDay(28) } }, 14)

const NOTHING = { publishedAt: null, graceEndsAt: null, revokedAt: null, retiredAt: null }

test('the first two keys are the one that signs and a filler, confirmed when they were made', () => {
  const lives = keyLives(stateWith({}, 0), [stored(2, 0), stored(1, 0)], rows(PROVISIONED))
  const common = { ...NOTHING, createdAt: START, publishedAt: START }
  expect(lives).toEqual([
    { ...common, ...named(2), stage: 'current', filler: false },
    { ...common, ...named(1), stage: 'previous', filler: true },
  ])
})

test('an old key has the end of its grace period, and one that was erased the moment of that', () => {
  const lives = keyLives(AFTER_ROTATION, [stored(3, 13.5), stored(2, 0)], rows(PROVISIONED, ROTATED))
  expect(lives).toEqual([
    {
      ...NOTHING,
      ...named(3),
      stage: 'current',
      filler: false,
      createdAt: onDay(13.5),
      publishedAt: onDay(14),
    },
    {
      ...NOTHING,
      ...named(2),
      stage: 'previous',
      filler: false,
      createdAt: START,
      publishedAt: START,
      graceEndsAt: onDay(28),
    },
    {
      ...NOTHING,
      ...named(1),
      stage: 'retired',
      filler: true,
      createdAt: START,
      publishedAt: START,
      retiredAt: onDay(14),
    },
  ])
})

test('a key that was displaced before its time keeps its end, outside of the config var', () => {
  const older = [{ version: 2, until: onDay(28) }]
  const second = { version: 3, filler: false, until: onDay(29) } as const
  const state = stateWith({ current: 4, second, older }, 15)
  const again = { ...ROTATED, day: 15, key: named(4), madeAt: onDay(15), publishedAt: onDay(15), erased: [] }
  const keys = [stored(4, 15), stored(3, 13.5), stored(2, 0)]
  const lives = keyLives(state, keys, rows(PROVISIONED, ROTATED, again))
  expect(lives.map(({ version, stage, graceEndsAt }) => [version, stage, graceEndsAt])).toEqual([
    [4, 'current', null],
    [3, 'previous', onDay(29)],
    [2, 'previous', onDay(28)],
    [1, 'retired', null],
  ])
})

test('keys on their way to Heroku are pending, and not yet confirmed', () => {
  const state = stateWith({ ...AFTER_ROTATION.keyset, pending: 5, pendingFiller: 4 }, 14)
  const keys = [stored(5, 16), stored(4, 15), stored(3, 13.5), stored(2, 0)]
  const [key, filler] = keyLives(state, keys, rows(PROVISIONED, ROTATED))
  expect([key, filler]).toEqual([
    { ...NOTHING, ...named(5), stage: 'pending', filler: false, createdAt: onDay(16) },
    { ...NOTHING, ...named(4), stage: 'pending', filler: true, createdAt: onDay(15) },
  ])
})

test('a filler that a rotation made needless was never confirmed, and went with that rotation', () => {
  const needless = { ...ROTATED, filler: named(4), erased: [1, 4] }
  const lives = keyLives(AFTER_ROTATION, [stored(3, 13.5), stored(2, 0)], rows(PROVISIONED, needless))
  expect(lives[0]).toEqual({
    ...NOTHING,
    ...named(4),
    stage: 'retired',
    filler: true,
    createdAt: onDay(13.5),
    retiredAt: onDay(14),
  })
})

test('a filler that was confirmed stands in the second place, and the old key there is erased', () => {
  const filled = {
    day: 16,
    kind: 'filler-published',
    filler: named(4),
    madeAt: onDay(16),
    erased: [2],
  } as const
  const state = stateWith({ current: 3, second: { version: 4, filler: true } }, 14)
  const lives = keyLives(state, [stored(4, 16), stored(3, 13.5)], rows(PROVISIONED, ROTATED, filled))
  expect(lives.slice(0, 3)).toMatchObject([
    { version: 4, stage: 'previous', filler: true, publishedAt: onDay(16), graceEndsAt: null },
    { version: 3, stage: 'current' },
    { version: 2, stage: 'retired', retiredAt: onDay(16) },
  ])
})

const SUPERSEDED = { day: 20, kind: 'rotation-superseded', key: named(4), madeAt: onDay(19) } as const
const REVOKED = { day: 20, kind: 'keys-revoked', erased: [4] } as const

test('a revoke marks every key that is accepted, and the one that it drops on its way, but none that was erased', () => {
  const intent = { reason: 'revoke', dueAt: onDay(20), openedBy: worker } as const
  const state = openRotation(
    { ...AFTER_ROTATION, keyset: { ...AFTER_ROTATION.keyset, revokedTo: 4 } },
    intent,
    onDay(20),
  )
  const history = rows(PROVISIONED, ROTATED, SUPERSEDED, REVOKED)
  const lives = keyLives(state, [stored(3, 13.5), stored(2, 0)], history)
  expect(lives).toMatchObject([
    {
      version: 4,
      stage: 'retired',
      createdAt: onDay(19),
      publishedAt: null,
      revokedAt: onDay(20),
      retiredAt: onDay(20),
    },
    { version: 3, stage: 'current', revokedAt: onDay(20), retiredAt: null },
    { version: 2, stage: 'previous', revokedAt: onDay(20), retiredAt: null },
    { version: 1, stage: 'retired', revokedAt: null, retiredAt: onDay(14) },
  ])
})

test('a revoked key stays revoked when it is erased, and the keys that replace it are not', () => {
  const replaced = {
    ...ROTATED,
    day: 21,
    key: named(5),
    filler: named(6),
    madeAt: onDay(20),
    publishedAt: onDay(21),
    erased: [3, 2],
    rotation: { reason: 'revoke', dueAt: onDay(20), openedAt: onDay(20) },
  } as const
  const state = stateWith({ current: 5, second: { version: 6, filler: true }, revokedTo: 4 }, 21)
  const history = rows(PROVISIONED, ROTATED, SUPERSEDED, REVOKED, replaced)
  const lives = keyLives(state, [stored(6, 20), stored(5, 20)], history)
  expect(
    lives.map(({ version, stage, revokedAt, retiredAt }) => [version, stage, revokedAt, retiredAt]),
  ).toEqual([
    [6, 'previous', null, null],
    [5, 'current', null, null],
    [4, 'retired', onDay(20), onDay(20)],
    [3, 'retired', onDay(20), onDay(21)],
    [2, 'retired', onDay(20), onDay(21)],
    [1, 'retired', null, onDay(14)],
  ])
})

test('of an add-on that was removed every key is retired, also one that was on its way', () => {
  const cancelled = { day: 20, kind: 'rotation-cancelled', key: named(4), madeAt: onDay(19) } as const
  const removed = { day: 20, kind: 'deprovisioned', erased: [4, 3, 2] } as const
  const lives = keyLives(undefined, [], rows(PROVISIONED, ROTATED, cancelled, removed))
  expect(lives.map(({ version, stage, retiredAt }) => [version, stage, retiredAt])).toEqual([
    [4, 'retired', onDay(20)],
    [3, 'retired', onDay(20)],
    [2, 'retired', onDay(20)],
    [1, 'retired', onDay(14)],
  ])
  expect(lives[0]).toMatchObject({ publishedAt: null, createdAt: onDay(19) })
})

test('a stored key whose beginning is no longer among the rows is told by what is known of it', () => {
  const [current, second] = keyLives(AFTER_ROTATION, [stored(3, 13.5), stored(2, 0)], [])
  expect(current).toMatchObject({ version: 3, fingerprint: print(3), publishedAt: onDay(14) })
  expect(second).toMatchObject({ version: 2, stage: 'previous', createdAt: START, publishedAt: null })
})
