import { describe, expect, test } from 'vitest'
import { type HeldFacts, isInDoubt, judgeHeld } from '../../src/domain/judge-held.ts'
import { type Keyring, keyringText, witnessedText } from '../../src/domain/keyring-var.ts'
import { type ResourceState, stateAtProvision } from '../../src/domain/resource-state.ts'

const AT = new Date('2026-03-03T12:00:00Z')
const after = (ms: number) => new Date(AT.getTime() + ms)
const MINUTE = 60_000
const DAY = 86_400_000
const ID = 'r1'

/** The text of a version of ours; of keys that this database never made, 100 and above. */
const textOf = (version: number) => version.toString(16).toUpperCase().padStart(64, '0')
const kidOf = (text: string) => text.slice(-8).toLowerCase()
const pairOf = (first: number, second: number) => `${textOf(first)},${textOf(second)}`
const macOf = (text: string) => `k1.${Buffer.from(text).toString('base64url').slice(-60)}`

/** Current is 5, second 4; versions up to 2 were revoked in epoch 3, and the pair was pushed in epoch 3. */
const STATE: ResourceState = (() => {
  const made = stateAtProvision({ current: 5, filler: 4, epoch: 3 }, after(14 * DAY), AT)
  const keyset = {
    ...made.keyset,
    second: { version: 4, filler: false, until: after(DAY) },
    revokedTo: 2,
  } as const
  return { ...made, keyset, trust: { ...made.trust, revokedEpoch: 3 } }
})()

function keyring(keys: [number, number][], more: Partial<Keyring> = {}): Keyring {
  return {
    keys: keys.map(([version, text], index) => {
      const kid = kidOf(textOf(text))
      return index === 0
        ? { kid, version, use: 'sign', until: null }
        : { kid, version, use: 'verify', until: after(DAY) }
    }),
    reason: 'scheduled',
    rotatedAt: AT,
    nextRotationAt: after(14 * DAY),
    goodForSeconds: 604_800,
    epoch: 3,
    revokedTo: 2,
    ...more,
  }
}

const signed = (ring: Keyring, id = ID) => keyringText(ring, macOf(witnessedText(id, ring)))

/** What is made of a held pair, in an epoch that is not confirmed unless said otherwise. */
function judge(pair: string | null, ring: string | null = null, more: Partial<HeldFacts> = {}) {
  return judgeHeld({
    resourceId: ID,
    state: STATE,
    published: { pair: pairOf(5, 4), keyring: '' },
    expected: undefined,
    pair,
    keyring: ring,
    versionOf: (kid) => (Number.parseInt(kid, 16) < 100 ? Number.parseInt(kid, 16) : undefined),
    pastUntil: after(DAY),
    kidOf,
    holds: (text, mac) => macOf(text) === mac,
    ...more,
  })
}

describe('what Heroku holds', () => {
  test('is the published pair, whatever the keyring says', () => {
    expect(judge(pairOf(5, 4))).toEqual({ held: 'published' })
    expect(judge(pairOf(5, 4), 'nonsense')).toEqual({ held: 'published' })
  })

  test('is the pair that is to be published: an earlier push arrived', () => {
    expect(judge(pairOf(6, 5), null, { expected: { pair: pairOf(6, 5), keyring: '' } })).toEqual({
      held: 'expected',
    })
  })

  test.each([null, ''])('is gone where it is %j', (pair) => {
    expect(judge(pair)).toEqual({ held: 'gone' })
  })

  test('is an older pair of ours, by the history alone or under our MAC', () => {
    expect(judge(pairOf(4, 3))).toEqual({ held: 'older' })
    expect(
      judge(
        pairOf(4, 3),
        signed(
          keyring([
            [4, 4],
            [3, 3],
          ]),
        ),
      ),
    ).toEqual({ held: 'older' })
  })

  test('is a pair with a revoked key, in whichever place it stands', () => {
    expect(judge(pairOf(3, 2))).toEqual({ held: 'revoked' })
    expect(judge(pairOf(2, 3))).toEqual({ held: 'revoked' })
  })

  test('is a pair with a revoked key also where the other one was never made here', () => {
    for (const pair of [pairOf(2, 100), pairOf(100, 1)]) {
      expect(judge(pair)).toEqual({ held: 'revoked' })
      expect(judge(pair, null, { pastUntil: undefined })).toEqual({ held: 'revoked' })
    }
    expect(judge(pairOf(3, 100))).toMatchObject({ held: 'foreign' })
  })

  test('is newer than a row that somebody has put back: foreign, never older', () => {
    expect(judge(pairOf(7, 6))).toMatchObject({ held: 'foreign' })
  })

  test('is newer than a row that waits for its first key, when another key is beside it: foreign', () => {
    const state = { ...STATE, keyset: { ...STATE.keyset, pending: 6 } }
    expect(judge(pairOf(6, 4), null, { state, expected: { pair: pairOf(6, 5), keyring: '' } })).toMatchObject(
      { held: 'foreign' },
    )
  })

  test('is revoked under our MAC when a number of it was revoked, though nobody knows its keys here', () => {
    const confirmed = { pastUntil: undefined }
    const lost = (version: number, epoch = 3) => signed(keyring([[version, 101]], { epoch }))
    expect(judge(pairOf(101, 100), lost(2), confirmed)).toEqual({ held: 'revoked' })
    expect(judge(pairOf(101, 100), lost(3), confirmed)).toMatchObject({ held: 'foreign' })
    // Of a later epoch than ours, the number is another's.
    expect(judge(pairOf(101, 100), lost(2, 4), confirmed)).toMatchObject({ held: 'foreign' })
  })

  test.each([
    ['no pair', 'nonsense'],
    ['one key', textOf(5)],
    ['an unknown pair', pairOf(101, 100)],
    ['an unknown second key', pairOf(5, 100)],
    ['an unknown first key', pairOf(100, 5)],
  ])('is foreign: %s', (_what, pair) => {
    expect(judge(pair)).toMatchObject({ held: 'foreign' })
  })
})

describe('the next key beside the published pair', () => {
  /** 7 is announced here; under our MAC the keyring says so. */
  const ring = (next: number | null, more: Partial<Keyring> = {}): Keyring => {
    const made = keyring([
      [5, 5],
      [4, 4],
    ])
    const key = next === null ? undefined : { kid: kidOf(textOf(next)), version: next, key: textOf(next) }
    return {
      ...made,
      keys: [...made.keys, ...(key ? [{ ...key, use: 'next', until: null } as const] : [])],
      ...more,
    }
  }
  const vars = (next: number | null) => ({ pair: pairOf(5, 4), keyring: signed(ring(next)) })
  const announced = { published: vars(7) }

  test('is part of what is compared: with another next key, or without it, the config is an older one of ours', () => {
    expect(judge(pairOf(5, 4), signed(ring(7)), announced)).toEqual({ held: 'published' })
    expect(judge(pairOf(5, 4), signed(ring(6)), announced)).toEqual({ held: 'older' })
    for (const lost of [null, '', 'nonsense', signed(ring(null))]) {
      expect(judge(pairOf(5, 4), lost, announced)).toEqual({ held: 'older' })
    }
    expect(judge(pairOf(5, 4), signed(ring(7)), { published: vars(null) })).toEqual({ held: 'older' })
  })

  test('is compared by its text, not by the dates or the MAC of its keyring', () => {
    const later = keyringText(ring(7, { nextRotationAt: after(20 * DAY) }), 'another.mac')
    expect(judge(pairOf(5, 4), later, announced)).toEqual({ held: 'published' })
  })

  test('tells a keyring that is being published from the one before it', () => {
    const facts = { published: vars(null), expected: vars(7) }
    expect(judge(pairOf(5, 4), signed(ring(7)), facts)).toEqual({ held: 'expected' })
    expect(judge(pairOf(5, 4), signed(ring(null)), facts)).toEqual({ held: 'published' })
  })

  test('that was revoked is put right at once', () => {
    expect(judge(pairOf(5, 4), signed(ring(2)), announced)).toEqual({ held: 'revoked' })
  })

  test('that is not known here, under our MAC, is of a past that is lost, or of another environment', () => {
    expect(judge(pairOf(5, 4), signed(ring(101)), announced)).toMatchObject({ held: 'ahead' })
    const confirmed = { ...announced, pastUntil: undefined }
    expect(judge(pairOf(5, 4), signed(ring(101)), confirmed)).toMatchObject({ held: 'foreign' })
    const state = { ...STATE, trust: { ...STATE.trust, revokedEpoch: 4 } }
    expect(judge(pairOf(5, 4), signed(ring(101)), { ...announced, state })).toEqual({ held: 'revoked' })
  })

  test('that bears no MAC of ours is planted, and is put right like an older one', () => {
    expect(judge(pairOf(5, 4), keyringText(ring(101), 'k1.forged'), announced)).toEqual({ held: 'older' })
    expect(judge(pairOf(5, 4), keyringText(ring(101), 'k1.forged'))).toEqual({ held: 'older' })
  })

  test('that is another one beside the pair that is being published is ours too, and is no newer pair', () => {
    const state = { ...STATE, keyset: { ...STATE.keyset, pending: 6 } }
    const expected = {
      pair: pairOf(6, 5),
      keyring: signed(
        keyring([
          [6, 6],
          [5, 5],
        ]),
      ),
    }
    const held = signed({
      ...ring(7),
      keys: [
        ...keyring([
          [6, 6],
          [5, 5],
        ]).keys,
        ...ring(7).keys.slice(2),
      ],
    })
    expect(judge(pairOf(6, 5), held, { state, expected })).toEqual({ held: 'older' })
    expect(judge(pairOf(6, 5), held, { state, expected, pastUntil: undefined })).toEqual({ held: 'older' })
  })

  test('signs at Heroku, but is still the next one here: a rotation was lost, and this database is the past', () => {
    const state = { ...STATE, keyset: { ...STATE.keyset, next: { version: 7, announced: true } } }
    const newer = signed(
      keyring([
        [7, 7],
        [5, 5],
      ]),
    )
    expect(judge(pairOf(7, 5), newer, { ...announced, state })).toMatchObject({ held: 'ahead' })
    expect(judge(pairOf(7, 5), newer, { ...announced, state, pastUntil: undefined })).toMatchObject({
      held: 'foreign',
    })
  })
})

describe('a pair under our MAC that is newer than ours', () => {
  const pair = pairOf(101, 100)
  const newer = keyring([
    [7, 101],
    [6, 100],
  ])

  test('is ahead in an epoch that is not confirmed: this database is the past', () => {
    expect(judge(pair, signed(newer))).toMatchObject({ held: 'ahead', keyring: newer })
  })

  test('is ahead by its epoch, though its version is not higher', () => {
    const ring = {
      ...newer,
      ...keyring([
        [5, 101],
        [4, 100],
      ]),
      epoch: 4,
    }
    expect(judge(pair, signed(ring))).toMatchObject({ held: 'ahead' })
  })

  test('is ahead by a filler alone, which came into the second place and is listed by no keyring', () => {
    const ring = keyring([[5, 5]])
    expect(judge(pairOf(5, 100), signed(ring))).toMatchObject({ held: 'ahead', keyring: ring })
    expect(judge(pairOf(5, 100), signed(ring), { pastUntil: undefined })).toMatchObject({ held: 'foreign' })
    const listed = keyring([
      [5, 5],
      [6, 100],
    ])
    expect(judge(pairOf(5, 100), signed(listed))).toMatchObject({ held: 'foreign' })
    expect(judge(pairOf(3, 100), signed(keyring([[3, 3]])))).toMatchObject({ held: 'foreign' })
  })

  test('is foreign when the text of a further key is not that of its id: it would be accepted here', () => {
    const older = (text: number) => {
      const until = new Date(AT.getTime() + DAY)
      const item = { kid: kidOf(textOf(99)), version: 5, use: 'verify', until } as const
      return { ...newer, keys: [...newer.keys, { ...item, key: textOf(text) }] }
    }
    expect(judge(pair, signed(older(99)))).toMatchObject({ held: 'ahead' })
    expect(judge(pair, signed(older(98)))).toMatchObject({ held: 'foreign', keyring: undefined })
  })

  test('is foreign in a confirmed epoch: another environment made it', () => {
    expect(judge(pair, signed(newer), { pastUntil: undefined })).toMatchObject({ held: 'foreign' })
  })

  test('is foreign when it was published after this epoch had begun: another environment is alive', () => {
    const alive = { ...newer, rotatedAt: after(DAY + 2 * MINUTE) }
    expect(judge(pair, signed(alive))).toMatchObject({ held: 'foreign' })
  })

  test.each<[string, string]>([
    ['without a MAC of ours', keyringText(newer, 'k1.nonsense')],
    ['under the MAC of another add-on', signed(newer, 'r2')],
    ['with a version that was changed afterwards', signed(newer).replace('"version":7', '"version":8')],
    ['with an epoch that was changed afterwards', signed(newer).replace('"mac":"3.2.', '"mac":"9.2.')],
    [
      'of another pair',
      signed(
        keyring([
          [7, 103],
          [6, 102],
        ]),
      ),
    ],
  ])('is foreign %s', (_what, ring) => {
    expect(judge(pair, ring)).toMatchObject({ held: 'foreign', keyring: undefined })
  })

  test('is revoked when the last revoke was made in a later epoch than the pair', () => {
    const state = { ...STATE, trust: { ...STATE.trust, revokedEpoch: 4, confirmedEpoch: 4 } }
    expect(judge(pair, signed(newer), { state })).toEqual({ held: 'revoked' })
  })

  test('is foreign when it is older by number: a call of a past that is lost, which nobody knows', () => {
    const ring = keyring([
      [4, 101],
      [3, 100],
    ])
    expect(judge(pair, signed(ring))).toMatchObject({ held: 'foreign' })
  })
})

describe('Heroku is read before a push', () => {
  const DUE = after(14 * DAY)
  const freeze = { id: 'a', from: AT, until: new Date(DUE.getTime() + DAY), zone: 'UTC', reason: '' }
  const FROZEN = { windows: [], freezes: [freeze], freezesForAll: [] }
  test.each<[string, Partial<ResourceState>, number, Date, boolean]>([
    ['not where all is well', {}, 3, DUE, false],
    ['after a failed attempt', { attempts: 1 }, 3, DUE, true],
    ['in an epoch that no push has confirmed', {}, 4, DUE, true],
    [
      'where another call may still arrive, or something was seen',
      { trust: { ...STATE.trust, doubtful: true } },
      3,
      DUE,
      true,
    ],
    ['not ten minutes late', {}, 3, new Date(DUE.getTime() + 10 * MINUTE), false],
    ['more than ten minutes late', {}, 3, new Date(DUE.getTime() + 10 * MINUTE + 1), true],
    [
      'not when a pause has just ended',
      { pause: { at: AT, until: new Date(DUE.getTime() + DAY), reason: '' } },
      3,
      new Date(DUE.getTime() + DAY + MINUTE),
      false,
    ],
    [
      'not when a freeze has just ended',
      { calendar: FROZEN },
      3,
      new Date(DUE.getTime() + DAY + MINUTE),
      false,
    ],
    [
      'where the end of a freeze was missed',
      { calendar: FROZEN },
      3,
      new Date(DUE.getTime() + 2 * DAY),
      true,
    ],
  ])('%s', (_when, more, epoch, now, doubt) => {
    expect(isInDoubt({ ...STATE, ...more }, epoch, DUE, now)).toBe(doubt)
  })
})

describe('old keys in the keyring beside our pair', () => {
  const listing = (...old: number[]) => {
    const beside = old.map((version) => ({
      ...{ kid: kidOf(textOf(version)), version, use: 'verify' as const, until: after(DAY) },
      key: textOf(version),
    }))
    const ring = keyring([
      [5, 5],
      [4, 4],
    ])
    return signed({ ...ring, keys: [...ring.keys, ...beside] })
  }
  const published = { pair: pairOf(5, 4), keyring: listing(3) }
  const stated = { ...STATE, tokenLifeMs: 30 * DAY }
  const beside = (ring: string | null, more: Partial<HeldFacts> = {}) =>
    judge(pairOf(5, 4), ring, { published, state: stated, ...more })

  test.each([
    ['are put back where they are missing', listing()],
    ['are put back with a keyring that is gone', null],
    ['are put back with a keyring that cannot be read', 'nonsense'],
    ['do not go together with one that nobody here made', listing(3, 100)],
  ])('%s', (_what, ring) => {
    expect(beside(ring)).toEqual({ held: 'older' })
  })

  test('may be followed by one that has ended since, which is no reason for a push', () => {
    const ended = { pair: pairOf(5, 4), keyring: listing() }
    expect(beside(listing(3), { published: ended })).toEqual({ held: 'published' })
    expect(beside(listing(3))).toEqual({ held: 'published' })
  })

  test('are left alone where they are missing and no life is stated', () => {
    expect(beside(listing(), { state: STATE })).toEqual({ held: 'published' })
  })

  test('are put right at once where a revoked one is among them', () => {
    expect(beside(listing(3, 2))).toEqual({ held: 'revoked' })
  })

  test('are looked at in what is being published as well', () => {
    const expected = { pair: pairOf(6, 5), keyring: listing(3) }
    expect(judge(pairOf(6, 5), listing(3), { state: stated, published, expected })).toEqual({
      held: 'expected',
    })
    expect(judge(pairOf(6, 5), listing(), { state: stated, published, expected })).toEqual({ held: 'older' })
  })
})
