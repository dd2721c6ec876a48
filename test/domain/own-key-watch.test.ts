import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { KmsFailure, KmsKeyFacts, KmsResult } from '../../src/domain/kms.ts'
import {
  afterOwnKeyLook,
  type Finding,
  findingOf,
  isClosed,
  OWN_KEY_STATES,
  type OwnKey,
} from '../../src/domain/own-key-watch.ts'
import { randomCases } from '../support/random-cases.ts'

const START = new Date('2026-03-03T12:00:00Z')
const at = (seconds: number) => new Date(START.getTime() + seconds * 1_000)
const fresh: OwnKey = {
  state: 'active',
  since: START,
  deadline: null,
  signalAt: null,
  lookedAt: null,
  isDeleting: false,
  said: null,
}

const USABLE: Finding = { finding: 'usable' }
const DISABLED: Finding = { finding: 'withdrawn', sure: true, isDeleting: false, said: 'Disabled' }
const DELETING: Finding = { finding: 'withdrawn', sure: true, isDeleting: true, said: 'PendingDeletion' }
const ODD: Finding = { finding: 'withdrawn', sure: false, isDeleting: false, said: 'KeyUnavailable' }
const REFUSED: Finding = { finding: 'refused', isGone: false, said: 'AccessDenied' }
const GONE: Finding = { finding: 'refused', isGone: true, said: 'NotFound' }
const UNKNOWN: Finding = { finding: 'unknown', said: 'throttled' }

/** Looks every minute from `from` to `to`, and at `to`. */
function every(from: number, to: number, finding: Finding): [number, Finding][] {
  const between = Array.from({ length: Math.ceil((to - from) / 60) }, (_, minute) => from + minute * 60)
  return [...between, to].map((seconds) => [seconds, finding])
}

/** Looks at a key at these seconds, and returns what it came to and which changes there were. */
function lived(...looks: [seconds: number, finding: Finding][]) {
  let key = fresh
  const changes: [number, string][] = []
  for (const [seconds, finding] of looks) {
    const { to, change } = afterOwnKeyLook(key, finding, at(seconds))
    if (change) changes.push([seconds, change])
    key = to
  }
  return { key, changes }
}

describe('a key that AWS says is disabled', () => {
  test('waits ten minutes from the first sight of it, and is suspended by a look after that', () => {
    const { key } = lived([0, DISABLED])
    expect(key).toMatchObject({ state: 'waiting', deadline: at(600), said: 'Disabled' })
    expect(lived(...every(0, 599, DISABLED)).key.state).toBe('waiting')
    expect(lived(...every(0, 600, DISABLED))).toMatchObject({
      key: { state: 'suspended', deadline: null },
      changes: [[600, 'suspended']],
    })
  })

  test('is looked at again when its ten minutes are over, and not a half minute later', () => {
    const { key } = lived(...every(0, 540, DISABLED))
    expect(afterOwnKeyLook(key, DISABLED, at(560)).againInMs).toBe(30_000)
    expect(afterOwnKeyLook(key, DISABLED, at(590)).againInMs).toBe(10_000)
  })

  test('that works again within them was never withdrawn, and the next time counts from its own beginning', () => {
    const back = lived(...every(0, 590, DISABLED), [599, USABLE])
    expect(back).toMatchObject({ key: { state: 'active', deadline: null, said: null }, changes: [] })
    const again = lived(...every(0, 590, DISABLED), [599, USABLE], [610, DISABLED])
    expect(again.key.deadline).toEqual(at(1_210))
  })

  test('over and over around the deadline is suspended only where a look behind it says so', () => {
    const flapping = lived(...every(0, 240, DISABLED), [300, USABLE], ...every(310, 880, DISABLED), [
      905,
      USABLE,
    ])
    expect(flapping).toMatchObject({ key: { state: 'active' }, changes: [] })
  })

  test('begins its ten minutes anew where nobody has looked for a quarter of an hour, or AWS said nothing', () => {
    const away = lived([0, DISABLED], [901, DISABLED])
    expect(away).toMatchObject({ key: { state: 'waiting', deadline: at(1_501) }, changes: [] })
    expect(lived([0, DISABLED], ...every(901, 1_500, DISABLED)).key.state).toBe('waiting')
    expect(lived([0, DISABLED], ...every(901, 1_501, DISABLED)).changes).toEqual([[1_501, 'suspended']])
    const unheard = lived(...every(0, 300, DISABLED), ...every(310, 1_200, UNKNOWN), [1_230, DISABLED])
    expect(unheard.key).toMatchObject({ state: 'waiting', deadline: at(1_830) })
    expect(lived([0, DISABLED], [900, DISABLED]).changes).toEqual([[900, 'suspended']])
    const briefly = lived(...every(0, 540, DISABLED), ...every(560, 640, UNKNOWN), [660, DISABLED])
    expect(briefly.key.state).toBe('suspended')
  })
})

test('one odd word proves nothing; a second one half a minute later does, and the time counts from the first', () => {
  expect(lived([0, ODD]).key).toMatchObject({ state: 'active', signalAt: START })
  expect(lived([0, ODD], [10, ODD]).key.state).toBe('active')
  expect(lived([0, ODD], [27, ODD]).key.state).toBe('waiting')
  expect(lived([0, ODD], [30, REFUSED]).key).toMatchObject({ state: 'waiting', deadline: at(600) })
  expect(lived([0, ODD], [20, USABLE], [40, ODD]).key.state).toBe('active')
  expect(lived([0, ODD], [121, ODD]).key).toMatchObject({ state: 'active', signalAt: at(121) })
})

test('nothing that is unknown changes a state, however long it lasts', () => {
  expect(lived([0, UNKNOWN], [9_000, UNKNOWN]).key).toEqual(fresh)
  expect(lived([0, DISABLED], ...every(60, 7_000, UNKNOWN)).key.state).toBe('waiting')
  expect(lived(...every(0, 600, DISABLED), [700, UNKNOWN]).key.state).toBe('suspended')
  expect(lived(...every(0, 600, DISABLED), [700, USABLE], [760, UNKNOWN]).key.state).toBe('restoring')
})

test('a suspended key is restored by two good looks half a minute apart, and by nothing less', () => {
  const suspended = every(0, 600, DISABLED)
  expect(lived(...suspended, [700, USABLE])).toMatchObject({
    key: { state: 'restoring' },
    changes: [[600, 'suspended']],
  })
  expect(lived(...suspended, [700, USABLE], [710, USABLE]).key.state).toBe('restoring')
  expect(lived(...suspended, [700, USABLE], [720, DISABLED])).toMatchObject({
    key: { state: 'suspended' },
    changes: [[600, 'suspended']],
  })
  // The next look comes half a minute later, or up to a tenth sooner.
  expect(afterOwnKeyLook(lived(...suspended).key, USABLE, at(700)).againInMs * 0.9).toBe(27_000)
  expect(lived(...suspended, [700, USABLE], [727, USABLE]).key.state).toBe('active')
  expect(lived(...suspended, [700, USABLE], [730, USABLE])).toMatchObject({
    key: { state: 'active', said: null },
    changes: [
      [600, 'suspended'],
      [730, 'restored'],
    ],
  })
})

test('a key is lost when it is gone after it was to be deleted, and only then', () => {
  const suspended = every(0, 600, DELETING)
  expect(lived(...suspended, [9_000, GONE])).toMatchObject({
    key: { state: 'lost' },
    changes: [
      [600, 'suspended'],
      [9_000, 'lost'],
    ],
  })
  expect(lived(...suspended, [9_000, REFUSED]).key.state).toBe('suspended')
  expect(lived(...every(0, 600, DISABLED), [9_000, GONE]).key.state).toBe('suspended')
  const back = [...suspended, [700, USABLE], [760, USABLE], ...every(800, 1_500, GONE)] as const
  expect(lived(...(back as [number, Finding][])).key.state).toBe('suspended')
})

describe('whatever is switched, and whoever is away', () => {
  const BAD: readonly Finding[] = [DISABLED, ODD, REFUSED]
  /** What goes on one after the other, each for some seconds. */
  const periods = <T>(...kinds: T[]) =>
    fc.array(fc.tuple(fc.constantFrom(...kinds), fc.integer({ min: 1, max: 900 })), {
      minLength: 1,
      maxLength: 14,
    })
  const during = <T>(list: readonly (readonly [T, number])[], seconds: number, otherwise: T): T => {
    let left = seconds
    for (const [kind, lasts] of list) {
      left -= lasts
      if (left < 0) return kind
    }
    return otherwise
  }

  /**
   * What two workers do that look when a look is due, at a tick of ten seconds each, unless they are away: looks alone, in
   * the order of time. One who is slow holds the other off, as a claim does.
   */
  function looksOf(play: {
    key: readonly (readonly [Finding, number])[]
    workers: readonly (readonly (readonly ['here' | 'away', number])[])[]
    aws: readonly (readonly ['here' | 'away', number])[]
  }) {
    const looks: { second: number; finding: Finding; from: OwnKey; to: OwnKey; change?: string }[] = []
    let key = fresh
    let dueAt = 0
    for (let second = 0; second < 4 * 3_600; second += 5) {
      const who = (second / 5) % play.workers.length
      if (second < dueAt || during(play.workers[who] ?? [], second, 'here') === 'away') continue
      const finding = during(play.aws, second, 'here') === 'away' ? UNKNOWN : during(play.key, second, USABLE)
      const { to, againInMs, change } = afterOwnKeyLook(key, finding, at(second))
      looks.push({ second, finding, from: key, to, ...(change && { change }) })
      key = to
      dueAt = second + againInMs / 1_000
    }
    return looks
  }

  const played = fc
    .record({
      key: periods<Finding>(USABLE, ...BAD),
      workers: fc.tuple(periods<'here' | 'away'>('here', 'away'), periods<'here' | 'away'>('here', 'away')),
      aws: periods<'here' | 'away'>('here', 'here', 'away'),
    })
    .map((play) => ({ play, looks: looksOf(play) }))

  test('a key is suspended where, and only where, ten minutes of looks were bad with no quarter of an hour unwatched', () => {
    let suspensions = 0
    fc.assert(
      fc.property(played, ({ looks }) => {
        for (const [index, look] of looks.entries()) {
          const { second, finding, from } = look
          if (isClosed(from.state)) continue
          // By force: how far back do bad looks reach with no gap of more than a quarter of an hour, or of two minutes behind
          // a single word that proved nothing?
          let since = second
          for (const before of looks.slice(0, index).toReversed()) {
            if (before.finding.finding === 'unknown') continue
            const longest = before.to.state === 'active' ? 120 : 900
            if (before.finding.finding === 'usable' || since - before.second > longest) break
            since = before.second
          }
          const isBad = finding.finding !== 'unknown' && finding.finding !== 'usable'
          const must = isBad && second - since >= 600
          if (must) suspensions += 1
          expect(look.change === 'suspended', `at ${second} s`).toBe(must)
        }
      }),
      randomCases(400),
    )
    expect(suspensions).toBeGreaterThan(20)
  })

  test('a key that a look found working is suspended ten minutes after that at the earliest', () => {
    fc.assert(
      fc.property(played, ({ play, looks }) => {
        for (const { second, change, from } of looks) {
          if (change !== 'suspended' || isClosed(from.state)) continue
          expect(during(play.key, second, USABLE), `suspended at ${second} s`).not.toBe(USABLE)
          const shortly = looks.filter((look) => look.second < second && look.second > second - 600)
          for (const look of shortly) expect(look.finding, `suspended at ${second} s`).not.toBe(USABLE)
          expect(from.deadline?.getTime()).toBeLessThanOrEqual(at(second).getTime())
        }
      }),
      randomCases(400),
    )
  })
})

test('what an active or a waiting key protects is open, and what any other protects is closed', () => {
  expect(OWN_KEY_STATES.filter(isClosed)).toEqual(['suspended', 'restoring', 'lost'])
})

describe('a look takes the worse of what AWS describes and what it opens', () => {
  const described = (state: string): KmsResult<KmsKeyFacts> => ({
    ok: true,
    value: { manager: 'CUSTOMER', spec: 'SYMMETRIC_DEFAULT', usage: 'ENCRYPT_DECRYPT', state },
  })
  const failed = (right: KmsFailure['right'], kind: KmsFailure['kind'], detail = 'X'): KmsResult<never> => ({
    ok: false,
    failure: { kind, right, detail },
  })
  const opened: KmsResult<null> = { ok: true, value: null }
  const open = (kind: KmsFailure['kind'], detail?: string) => failed('kms:Decrypt', kind, detail)
  const describeFails = (kind: KmsFailure['kind'], detail?: string) => failed('kms:DescribeKey', kind, detail)

  test.each<[string, KmsResult<KmsKeyFacts>, KmsResult<unknown>, object]>([
    ['both good', described('Enabled'), opened, USABLE],
    ['an update under way, and it opens', described('Updating'), opened, USABLE],
    ['nobody knows how to describe it, and it opens', describeFails('unsupported'), opened, USABLE],
    [
      'disabled, though it opens',
      described('Disabled'),
      opened,
      { finding: 'withdrawn', sure: true, said: 'Disabled' },
    ],
    [
      'to be deleted',
      described('PendingDeletion'),
      open('withdrawn'),
      { finding: 'withdrawn', isDeleting: true },
    ],
    [
      'enabled, and refused for its state',
      described('Enabled'),
      open('withdrawn'),
      { finding: 'withdrawn', sure: false },
    ],
    [
      'enabled, and we may not',
      described('Enabled'),
      open('refused', 'AccessDeniedException'),
      { finding: 'refused', isGone: false },
    ],
    [
      'gone',
      describeFails('refused', 'NotFoundException (status 400)'),
      open('refused', 'NotFoundException'),
      { finding: 'refused', isGone: true },
    ],
    ['enabled, and AWS is away', described('Enabled'), open('outage'), { finding: 'unknown' }],
    ['our credentials', describeFails('credentials'), open('credentials'), { finding: 'unknown' }],
    ['altered data', described('Enabled'), open('wrong'), { finding: 'unknown' }],
    ['away, and withdrawn', describeFails('outage'), open('withdrawn'), { finding: 'withdrawn' }],
    ['nobody knows how to open it', described('Enabled'), open('unsupported'), { finding: 'unknown' }],
  ])('%s', (_name, description, opening, finding) => {
    expect(findingOf(description, opening)).toMatchObject(finding)
  })
})
