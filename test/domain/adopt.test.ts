import { describe, expect, test } from 'vitest'
import { adopt } from '../../src/domain/adopt.ts'
import type { Keyring } from '../../src/domain/keyring-var.ts'
import { liveVersions } from '../../src/domain/keyset.ts'
import {
  openRotation,
  type ResourceState,
  stateAtProvision,
  withNewKeys,
} from '../../src/domain/resource-state.ts'

const NOW = new Date('2026-03-10T12:00:00Z')
const inDays = (days: number) => new Date(NOW.getTime() + days * 86_400_000)
const PERIOD = 14 * 86_400_000
const A = 'A'.repeat(64)
const B = 'B'.repeat(64)
const C = 'C'.repeat(64)
const kidOf = (text: string) =>
  text
    .slice(0, 8)
    .toLowerCase()
    .replaceAll(/[^0-9a-f]/g, '0')

const STATE: ResourceState = stateAtProvision({ current: 2, filler: 1, epoch: 3 }, inDays(7), inDays(-7))
const FACTS = {
  grace: { until: 'next-rotation' },
  periodMs: PERIOD,
  versionOf: () => undefined,
  kidOf,
} as const
const HELD = { first: A, second: B }

function ring(more: Partial<Keyring> = {}): Keyring {
  return {
    keys: [
      { kid: kidOf(A), version: 7, use: 'sign', until: null },
      { kid: kidOf(B), version: 6, use: 'verify', until: inDays(13) },
    ],
    reason: 'scheduled',
    rotatedAt: inDays(-1),
    nextRotationAt: inDays(13),
    goodForSeconds: 604_800,
    epoch: 5,
    revokedTo: 0,
    ...more,
  }
}

describe('a pair with our keyring', () => {
  const adopted = (state = STATE, more: Partial<Keyring> = {}) =>
    adopt(state, { pair: HELD, keyring: ring(more) }, FACTS, NOW)

  test('brings its versions, its grace period, its dates and its epoch', () => {
    const { state, keys } = adopted()
    expect(state).toMatchObject({
      keyset: {
        current: 7,
        second: { version: 6, filler: false, until: inDays(13) },
        pending: null,
        older: [],
      },
      lastVersion: 7,
      publishedAt: inDays(-1),
      publishedReason: 'scheduled',
      nextRotationAt: inDays(13),
      rotation: null,
      trust: { confirmedEpoch: 5, foreignSince: null, adoptAsked: false },
    })
    expect(keys).toEqual([
      { version: 7, text: A },
      { version: 6, text: B },
    ])
  })

  test('ends a rotation under way and erases every key that it does not list', () => {
    const intent = { reason: 'scheduled', dueAt: NOW, openedBy: { type: 'worker' } } as const
    const under = withNewKeys(openRotation(STATE, intent, NOW), { key: 3, filler: null, next: null })
    const { state, erased } = adopted(under)
    expect(state).toMatchObject({ rotation: null, keyset: { pending: null } })
    expect(erased.toSorted()).toEqual([1, 2, 3])
    expect(liveVersions(state.keyset).toSorted()).toEqual([6, 7])
  })

  test('takes over what was revoked there, and never forgets what was revoked here', () => {
    expect(adopted(STATE, { revokedTo: 5 }).state.keyset.revokedTo).toBe(5)
    const here = { ...STATE, keyset: { ...STATE.keyset, revokedTo: 5 } }
    expect(adopted(here, { revokedTo: 1 }).state.keyset.revokedTo).toBe(5)
  })

  test('gets new numbers where its own were revoked here, in another past', () => {
    const here = { ...STATE, lastVersion: 8, keyset: { ...STATE.keyset, current: 8, revokedTo: 6 } }
    const { state, keys } = adopted(here)
    expect(keys).toEqual([
      { version: 10, text: A },
      { version: 9, text: B },
    ])
    expect(state.keyset).toMatchObject({ current: 10, second: { version: 9, filler: false } })
    expect(state.keyset.revokedTo).toBeLessThan(9)
    expect(state.trust.confirmedEpoch).toBe(5)
  })

  test('gives a filler, which no keyring lists, a number behind all others', () => {
    const [signs] = ring().keys
    const { state, keys } = adopted(STATE, { keys: signs ? [signs] : [] })
    expect(state.keyset.second).toEqual({ version: 8, filler: true })
    expect(keys).toContainEqual({ version: 8, text: B })
    expect(state.lastVersion).toBe(8)
  })

  test('brings keys that stand in no config var with their text, as long as their time is not over', () => {
    const other = (version: number, until: Date) =>
      ({ kid: '0000000c', version, use: 'verify', until, key: C }) as const
    const { state, keys } = adopted(STATE, {
      keys: [...ring().keys, other(5, inDays(1)), other(4, inDays(-1))],
    })
    expect(state.keyset.older).toEqual([{ version: 5, until: inDays(1) }])
    expect(keys).toContainEqual({ version: 5, text: C })
    expect(keys).toHaveLength(3)
  })

  test('brings the key that it announces, which is accepted and signs after the next rotation', () => {
    const next = { kid: '0000000c', version: 9, use: 'next', until: null, key: C } as const
    const { state, keys } = adopted(STATE, { keys: [...ring().keys, next] })
    expect(state.keyset.next).toEqual({ version: 9, announced: true })
    expect(state.announcesNext).toBe(true)
    expect(keys).toContainEqual({ version: 9, text: C })
    expect(state.keyset.older).toEqual([])
    expect(state.lastVersion).toBe(9)
  })

  test('that announces no key says that none is wanted any more: what was announced here goes', () => {
    const here = {
      ...STATE,
      announcesNext: true,
      lastVersion: 3,
      keyset: { ...STATE.keyset, next: { version: 3, announced: true } },
    }
    const { state, erased } = adopted(here)
    expect(state).toMatchObject({ announcesNext: false, keyset: { next: null } })
    expect(erased).toContain(3)
  })

  test('is looked at again two minutes later: a call of the lost past may still arrive', () => {
    expect(adopted().state.checkAt).toEqual(new Date(NOW.getTime() + 120_000))
    expect(adopted().state.trust.doubtful).toBe(true)
  })

  test('never brings a date farther away than two periods, nor one that was served', () => {
    const { state } = adopted(STATE, { nextRotationAt: inDays(900) })
    expect(state.nextRotationAt).toEqual(inDays(14))
    const served = adopted({ ...STATE, servedDueAt: inDays(13) })
    expect(served.state.nextRotationAt > inDays(13)).toBe(true)
  })

  test('never says that it was published in the future', () => {
    expect(adopted(STATE, { rotatedAt: inDays(2) }).state.publishedAt).toEqual(NOW)
  })
})

describe('a pair without a keyring, which a person adopts', () => {
  const adopted = (versionOf: (kid: string) => number | undefined = () => undefined, state = STATE) =>
    adopt(state, { pair: HELD, keyring: undefined }, { ...FACTS, versionOf }, NOW)

  test('is numbered behind all that were, its second key first, and that is verify-only until the next rotation', () => {
    const { state } = adopted()
    expect(state.keyset).toMatchObject({ current: 4, second: { version: 3, filler: false } })
    expect(state.keyset.second).toMatchObject({ until: state.nextRotationAt })
    expect(state.publishedReason).toBe('manual')
  })

  test('keeps the number of a key of ours in it', () => {
    expect(adopted((kid) => (kid === kidOf(B) ? 2 : undefined)).state.keyset).toMatchObject({
      current: 3,
      second: { version: 2 },
    })
  })

  test('has half a period before it is rotated: nobody knows how long apps have signed with it', () => {
    const late = { ...STATE, nextRotationAt: inDays(-30) }
    const { nextRotationAt } = adopted(undefined, late).state
    expect(nextRotationAt.getTime() - NOW.getTime()).toBeGreaterThanOrEqual(PERIOD / 2)
    expect((nextRotationAt.getTime() - late.nextRotationAt.getTime()) % PERIOD).toBe(0)
  })

  test('leaves a date that is far enough away', () => {
    expect(adopted().state.nextRotationAt).toEqual(inDays(7))
  })

  test('leaves the wish for a next key as it is, for which a fresh one is made', () => {
    const next = { version: 2, announced: true }
    const { state, erased } = adopted(undefined, {
      ...STATE,
      announcesNext: true,
      keyset: { ...STATE.keyset, next },
    })
    expect(state).toMatchObject({ announcesNext: true, keyset: { next: null } })
    expect(erased).toContain(2)
  })

  test('revokes nothing, and confirms no epoch', () => {
    const { keyset, trust } = adopted().state
    expect(keyset.revokedTo).toBe(0)
    expect(trust.confirmedEpoch).toBe(3)
  })
})

describe('how long a life the keyring promises', () => {
  const DAY_S = 86_400
  const lifeOf = (goodForSeconds: number, tokenLifeMs: number | null = null) =>
    adopt({ ...STATE, tokenLifeMs }, { pair: HELD, keyring: ring({ goodForSeconds }) }, FACTS, NOW).state
      .tokenLifeMs

  test.each([
    ['half a period is what any keyring promises', 7 * DAY_S, null],
    ['more than that is a life that was stated in the lost past', 30 * DAY_S, 30 * DAY_S * 1_000],
    ['one that takes more than eight keys is none of ours', 99 * DAY_S, null],
  ])('%s', (_what, goodForSeconds, tokenLifeMs) => {
    expect(lifeOf(goodForSeconds)).toBe(tokenLifeMs)
  })

  test('a longer one that is stated here stays', () => {
    expect(lifeOf(30 * DAY_S, 60 * DAY_S * 1_000)).toBe(60 * DAY_S * 1_000)
    expect(lifeOf(7 * DAY_S, 60 * DAY_S * 1_000)).toBe(60 * DAY_S * 1_000)
  })

  test('no old key is kept for longer than eight periods and six hours, whatever date stands in the keyring', () => {
    const until = inDays(3_000)
    const keys: Keyring['keys'] = [
      { kid: kidOf(A), version: 7, use: 'sign', until: null },
      { kid: kidOf(B), version: 6, use: 'verify', until },
      { kid: kidOf(C), version: 5, use: 'verify', until, key: C },
    ]
    const { keyset } = adopt(STATE, { pair: HELD, keyring: ring({ keys }) }, FACTS, NOW).state
    const most = new Date(inDays(8 * 14).getTime() + 6 * 3_600_000)
    expect(keyset.second).toEqual({ version: 6, filler: false, until: most })
    expect(keyset.older).toEqual([{ version: 5, until: most }])
  })

  test('the second of a pair that a person takes over is kept for the life that is stated', () => {
    const { keyset } = adopt(
      { ...STATE, tokenLifeMs: 30 * 86_400_000 },
      { pair: HELD, keyring: undefined },
      FACTS,
      NOW,
    ).state
    expect(keyset.second).toMatchObject({ until: new Date(inDays(30).getTime() + 6 * 3_600_000) })
  })
})
