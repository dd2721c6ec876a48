import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { keyringOf } from '../../src/domain/keyring-var.ts'
import { liveVersions, publishedPair } from '../../src/domain/keyset.ts'
import { SIGNS_ON_MS } from '../../src/domain/old-key-end.ts'
import { formatTokenLife, keysNeeded, parseTokenLife, tooManyKeys } from '../../src/domain/token-life.ts'
import { type LifeEvent, type Moment, play } from './support/life.ts'

const HOUR = 3_600_000
const DAY = 24 * HOUR
const UNTIL_NEXT = { until: 'next-rotation' } as const
const PLANS = [
  { name: 'monthly', periodMs: 28 * DAY },
  { name: 'weekly', periodMs: 7 * DAY },
  { name: 'fortnightly', periodMs: 14 * DAY },
]
const ON_WEEKLY = { grace: UNTIL_NEXT, periodMs: 7 * DAY, announcesNext: false }

describe('a token life', () => {
  test.each([
    ['30d', 30 * DAY],
    ['36h', 36 * HOUR],
    ['4w', 28 * DAY],
    ['off', null],
    ['OFF', null],
  ])('%s is read, and written so that it is read back', (text, tokenLifeMs) => {
    expect(parseTokenLife(text)).toEqual({ tokenLifeMs })
    expect(parseTokenLife(formatTokenLife(tokenLifeMs))).toEqual({ tokenLifeMs })
  })

  test.each(['', '30', 'a month', '0d', '-1d', '9999d', '30d 2h', 'true'])('"%s" is refused', (text) => {
    expect(parseTokenLife(text)).toEqual({
      problem: 'must be a duration such as 30d or 36h, or the word "off"',
    })
  })

  test.each([
    [30 * DAY, 7 * DAY, false, 6],
    [30 * DAY, 14 * DAY, false, 4],
    [30 * DAY, 14 * DAY, true, 5],
    [49 * DAY, 7 * DAY, false, 8],
    [49 * DAY + 1, 7 * DAY, false, 9],
    [HOUR, 7 * DAY, false, 2],
  ])(
    'of %i ms takes, when keys rotate every %i ms (next announced: %s), %i keys',
    (life, period, next, keys) => {
      expect(keysNeeded(life, period, next)).toBe(keys)
    },
  )

  test('that takes more keys than there is room for is refused with the sum and with what would do', () => {
    expect(tooManyKeys({ ...ON_WEEKLY, tokenLifeMs: 90 * DAY }, PLANS)).toBe(
      'needs 14 keys when they rotate every 7d, and at most 8 are kept: the plan fortnightly takes 8, the plan monthly takes 5, this plan keeps them for 49d at most',
    )
    expect(tooManyKeys({ ...ON_WEEKLY, tokenLifeMs: 49 * DAY, announcesNext: true }, PLANS)).toBe(
      'needs 9 keys, the announced one included when they rotate every 7d, and at most 8 are kept: the plan fortnightly takes 6, the plan monthly takes 4, this plan keeps them for 42d at most',
    )
    expect(tooManyKeys({ ...ON_WEEKLY, tokenLifeMs: 3_000 * DAY }, PLANS)).toContain(
      'at most 8 are kept: this plan keeps',
    )
  })

  test('counts a longer grace period, and is no limit of one where no life is stated', () => {
    const grace = { until: 'elapsed', ms: 60 * DAY } as const
    expect(tooManyKeys({ ...ON_WEEKLY, grace, tokenLifeMs: 7 * DAY }, PLANS)).toContain('needs 10 keys')
    expect(tooManyKeys({ ...ON_WEEKLY, grace, tokenLifeMs: null }, PLANS)).toBeUndefined()
    expect(tooManyKeys({ ...ON_WEEKLY, tokenLifeMs: 49 * DAY }, PLANS)).toBeUndefined()
  })
})

describe('whatever happens', () => {
  const anyLength = fc.oneof(fc.constantFrom(HOUR, DAY, 7 * DAY), fc.integer({ min: HOUR, max: 7 * DAY }))
  const events = (...kinds: ('next' | 'tick' | 'answer' | 'failure' | 'death' | 'manual' | 'revoke')[]) =>
    kinds.map((kind): LifeEvent => ({ kind }))
  const SERVED = events('next', 'tick', 'answer')
  const late = fc.integer({ min: 1, max: 3 * DAY }).map((ms): LifeEvent => ({ kind: 'time', ms }))
  const PRESSES: LifeEvent[][] = [
    [{ kind: 'grace', grace: { until: 'elapsed', ms: 2 * HOUR } }],
    [{ kind: 'grace', grace: UNTIL_NEXT }],
    [{ kind: 'next on' }],
    [{ kind: 'next off' }],
    [{ kind: 'freeze' }, { kind: 'time', ms: DAY }, { kind: 'resume' }],
    [{ kind: 'heard' }],
    [{ kind: 'unheard' }],
    events('revoke', 'tick', 'answer'),
    [{ kind: 'life', tokenLifeMs: null }],
  ]
  /** The plan is `daily` at first, so seven days fill the keyring. */
  const anyRound: fc.Arbitrary<LifeEvent[]> = fc.oneof(
    { weight: 20, arbitrary: fc.constant(SERVED) },
    { weight: 4, arbitrary: late.map((time) => [...events('next'), time, ...events('tick', 'answer')]) },
    { weight: 2, arbitrary: late.map((time) => [time]) },
    { weight: 2, arbitrary: fc.constant<LifeEvent[]>([...events('next', 'tick', 'death'), ...SERVED]) },
    { weight: 2, arbitrary: fc.constant<LifeEvent[]>([...events('next', 'tick', 'failure'), ...SERVED]) },
    { weight: 3, arbitrary: fc.constant(events('manual', 'tick', 'answer')) },
    { weight: 2, arbitrary: anyLength.map((tokenLifeMs): LifeEvent[] => [{ kind: 'life', tokenLifeMs }]) },
    {
      weight: 1,
      arbitrary: fc
        .constantFrom(HOUR, DAY, 14 * DAY)
        .map((periodMs): LifeEvent[] => [{ kind: 'plan', periodMs }]),
    },
    {
      weight: 1,
      arbitrary: fc.constantFrom(...PRESSES),
    },
  )
  const anyLife = fc
    .tuple(anyLength, fc.array(anyRound, { minLength: 10, maxLength: 45, size: 'max' }))
    .map(([tokenLifeMs, rounds]): [typeof UNTIL_NEXT, LifeEvent[]] => [
      UNTIL_NEXT,
      [{ kind: 'life', tokenLifeMs }, ...rounds.flat()],
    ])

  /** Each key that gave way, until when what it signed is to verify, and whether something ended that before. */
  function promises(moments: readonly Moment[]) {
    const open: { version: number; until: Date; madeAt: number }[] = []
    const kept: { version: number; until: Date; from: number; to: number }[] = []
    let before = moments[0]
    for (const [index, moment] of moments.entries()) {
      const { keyset, tokenLifeMs } = moment.state
      const life = before?.state.tokenLifeMs ?? null
      const isShorter = life !== null && (tokenLifeMs === null || tokenLifeMs < life)
      if (moment.event === 'revoke' || isShorter) {
        for (const { madeAt, ...promise } of open.splice(0))
          kept.push({ ...promise, from: madeAt, to: index })
      }
      if (before && keyset.current !== before.state.keyset.current && tokenLifeMs !== null) {
        const until = new Date(moment.now.getTime() + tokenLifeMs)
        const isRevoked = before.state.keyset.current <= keyset.revokedTo
        if (!isRevoked) open.push({ version: before.state.keyset.current, until, madeAt: index })
      }
      before = moment
    }
    for (const { madeAt, ...promise } of open) kept.push({ ...promise, from: madeAt, to: moments.length })
    return kept
  }

  test('a thing signed at any moment verifies for its whole stated life, unless a person confirmed otherwise or revoked', () => {
    let [seen, full] = [0, 0]
    fc.assert(
      fc.property(anyLife, (life) => {
        const { moments } = play(life)
        for (const { version, until, from, to } of promises(moments)) {
          for (const { state, now } of moments.slice(from, to)) {
            if (now >= until) break
            const { second, older } = state.keyset
            const end = older.find((key) => key.version === version)?.until
            const isSecond = !second.filler && second.version === version
            expect(isSecond || (end !== undefined && end >= until), `version ${version} is accepted`).toBe(
              true,
            )
            // What is published lists it.
            const listed = listedVersions(state)
            expect(listed).toContain(version)
            seen += 1
            if (listed.length === 8) full += 1
          }
        }
      }),
      { numRuns: 300 },
    )
    expect(seen).toBeGreaterThan(2_500)
    expect(full).toBeGreaterThan(100)
  })

  test('no keyring lists more than eight keys, and every key that is kept is in it, in the pair or on its way', () => {
    fc.assert(
      fc.property(anyLife, (life) => {
        for (const { state } of play(life).moments) {
          const { keyset } = state
          const listed = listedVersions(state)
          expect(listed.length).toBeLessThanOrEqual(8)
          const { first, second } = publishedPair(keyset)
          const { pending, pendingFiller, next } = keyset
          const known = [...listed, first, second, pending, pendingFiller, next?.version]
          for (const version of liveVersions(keyset)) expect(known).toContain(version)
        }
      }),
      { numRuns: 100 },
    )
  })

  function listedVersions({ keyset, publishedAt, nextRotationAt }: Moment['state']): number[] {
    const facts = { keyset, reason: 'scheduled', rotatedAt: publishedAt, nextRotationAt, epoch: 1 } as const
    const { keys } = keyringOf({ ...facts, goodForSeconds: 1 }, String, (text) => text)
    return keys.map(({ version }) => version)
  }
})

test('what an old key is kept beyond the life is six hours, in which processes restart', () => {
  expect(SIGNS_ON_MS).toBe(6 * HOUR)
})
