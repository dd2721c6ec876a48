import { describe, expect, test } from 'vitest'
import type { Shown } from '../../src/domain/unusual-words.ts'
import {
  type Access,
  judgeCount,
  judgePerson,
  judgeProgram,
  KNOWN_DAYS,
  type Known,
  knownSince,
  MANY,
  SETTLED_DAYS,
} from '../../src/domain/usual-access.ts'
import { seededBytes } from '../simulator/support/seeded-bytes.ts'

const MINUTE = 60_000
const HOUR = 60 * MINUTE
const DAY = 24 * HOUR
const START = Date.parse('2026-03-03T12:00:00Z')

const HOME = '203.0.113.0/24'
const CAFE = '198.51.100.0/24'

const access = (ms: number, more: Partial<Access> = {}): Access => ({
  at: new Date(START + ms),
  who: 'ada@example.com',
  network: HOME,
  shown: 'key',
  ...more,
})

/** Everything that one subject does, one after the other; returns the reasons of each. */
function lifeOf(
  judge: (known: Known | undefined, each: Access) => ReturnType<typeof judgeProgram>,
  all: readonly Access[],
) {
  let known: Known | undefined
  return all.map((each) => {
    const judged = judge(known, each)
    known = judged.known
    return judged.unusual
  })
}
const reasonsOf = (...args: Parameters<typeof lifeOf>) =>
  lifeOf(...args).map((unusual) => unusual.map(({ reason }) => reason))
const asOther = (known: Known | undefined, each: Access) => judgePerson(known, each, 'other')
const asFirst = (known: Known | undefined, each: Access) =>
  judgePerson(known, each, known ? 'self' : 'nobody')

describe('a person who sees keys', () => {
  test('for the first time is told of, and then known', () => {
    expect(reasonsOf(asOther, [access(0), access(HOUR)])).toEqual([['new-person'], []])
  })

  test('is not told of as the first who ever looks', () => {
    expect(reasonsOf(asFirst, [access(0, { shown: 'history' }), access(HOUR)])).toEqual([[], []])
  })

  test('after taking only the history so far is told of once more', () => {
    const all = [access(0, { shown: 'history' }), access(HOUR), access(2 * HOUR)]
    expect(reasonsOf(asOther, all)).toEqual([['new-person'], ['new-person'], []])
  })

  test('from a network from which they never did is told of, by what was usual before', () => {
    const [, from] = lifeOf(asFirst, [access(0), access(DAY, { network: CAFE })])
    expect(from).toMatchObject([
      {
        reason: 'new-network',
        words: `ada@example.com saw a key from ${CAFE}, for the first time from there. Before, it was from ${HOME}.`,
      },
    ])
  })

  test('is forgotten after 90 days, the first one too', () => {
    const back = (days: number) => [access(0), access(days * DAY)]
    expect(reasonsOf(asFirst, back(KNOWN_DAYS))).toEqual([[], []])
    expect(reasonsOf(asFirst, back(KNOWN_DAYS + 1))).toEqual([[], ['new-person']])
  })

  test('is told of at the tenth time within an hour, and not at the ninth', () => {
    const every = (ms: number) => Array.from({ length: MANY }, (_, index) => access(index * ms))
    expect(reasonsOf(asFirst, every(6 * MINUTE)).at(-1)).toEqual(['many-shown'])
    expect(reasonsOf(asFirst, every(6 * MINUTE)).at(-2)).toEqual([])
    expect(reasonsOf(asFirst, every(HOUR / (MANY - 1))).flat()).toEqual([])
  })

  test('from an address that is not known is not compared by it', () => {
    const all = [access(0, { network: null }), access(HOUR), access(2 * HOUR, { network: null })]
    expect(reasonsOf(asFirst, all).flat()).toEqual([])
  })
})

describe('a program', () => {
  const days = (count: number, network: (day: number) => string) =>
    Array.from({ length: count }, (_, day) => access(day * DAY, { shown: null, network: network(day) }))

  test('on dynos, which come from another network each day, is never told of', () => {
    expect(
      reasonsOf(
        judgeProgram,
        days(200, (day) => `10.0.${day}.0/24`),
      ).flat(),
    ).toEqual([])
  })

  test('that is started once a week on dynos is never told of', () => {
    const weekly = days(200, (day) => `10.0.${day}.0/24`).filter((_, day) => day % 7 === 0)
    expect(reasonsOf(judgeProgram, weekly).flat()).toEqual([])
  })

  test('that was used from one network for days is told of at the first use from another, with both', () => {
    const all = days(SETTLED_DAYS + 2, (day) => (day > SETTLED_DAYS ? CAFE : HOME))
    const told = lifeOf(judgeProgram, all)
    expect(told.slice(0, -1).flat()).toEqual([])
    expect(told.at(-1)).toMatchObject([
      {
        reason: 'program-elsewhere',
        words: `ada@example.com was used from ${CAFE}. For days it was used from ${HOME} alone.`,
      },
    ])
  })

  test('that is new is learned for seven days of use after its first', () => {
    const all = days(SETTLED_DAYS + 1, (day) => (day === SETTLED_DAYS ? CAFE : HOME))
    expect(reasonsOf(judgeProgram, all).flat()).toEqual([])
  })

  test('that was told of is learned anew from there', () => {
    const told = days(SETTLED_DAYS + 2, (day) => (day > SETTLED_DAYS ? CAFE : HOME))
    const later = access((SETTLED_DAYS + 3) * DAY, { shown: null, network: '192.0.2.0/24' })
    expect(reasonsOf(judgeProgram, [...told, later]).at(-1)).toEqual([])
  })
})

test('what is counted is told when it happens ten times within an hour', () => {
  const judge = (known: Known | undefined, each: Access) => judgeCount(known, 'sign-ons-refused', each)
  const all = Array.from({ length: MANY }, (_, index) => access(index * 6 * MINUTE))
  expect(reasonsOf(judge, all).flat()).toEqual(['sign-ons-refused'])
  expect(reasonsOf(judge, all.slice(1)).flat()).toEqual([])
})

describe('over random lives the rules say what a look at everything that ever happened says', () => {
  const lives = Array.from({ length: 30 }, (_, seed) => seed)
  const bytes = (seed: number) => {
    const random = seededBytes(`life ${seed}`)
    return (below: number) => (random(2).readUInt16BE() * below) >> 16
  }
  /** Mostly minutes and hours apart, sometimes months. */
  const apart = (next: (below: number) => number) =>
    [next(10) * MINUTE, next(20) * HOUR, DAY + next(9) * HOUR, next(4) === 0 ? next(100) * DAY : DAY][
      next(4)
    ] ?? 0
  const dayOf = ({ at }: Access) => Math.floor(at.getTime() / DAY)
  const within = (days: number, from: Access, to: Access) => dayOf(to) - dayOf(from) <= days

  const programLife = (seed: number) => {
    const next = bytes(seed)
    const networks = 1 + next(4)
    let ms = 0
    return Array.from({ length: 300 }, () => {
      ms += apart(next)
      const rare = next(30) === 0 ? 9 : next(networks)
      return access(ms, { shown: null, network: `10.0.${rare}.0/24` })
    })
  }

  test('which are such that of each program something is told', () => {
    const told = lives.map((seed) => reasonsOf(judgeProgram, programLife(seed)).flat().length)
    expect(Math.min(...told)).toBeGreaterThan(0)
  })

  test.each(lives)('of a program, number %i', (seed) => {
    const all = programLife(seed)
    const beginsAt = (index: number): number => {
      const [before, each] = [all[index - 1], all[index]]
      return before && each && within(KNOWN_DAYS, before, each) ? beginsAt(index - 1) : index
    }
    const isNew = (index: number) => {
      const each = all[index] as Access
      const known = all.slice(beginsAt(index), index).filter((other) => within(KNOWN_DAYS, other, each))
      return !known.some(({ network }) => network === each.network)
    }
    const expected = all.map((_, index) => {
      if (beginsAt(index) === index || !isNew(index)) return []
      let newest = index - 1
      while (!isNew(newest)) newest -= 1
      const settled = new Set(all.slice(newest, index).map(dayOf)).size - 1
      return settled >= SETTLED_DAYS ? ['program-elsewhere'] : []
    })
    expect(reasonsOf(judgeProgram, all)).toEqual(expected)
  })

  test.each(lives)('of three people, number %i', (seed) => {
    const next = bytes(seed)
    const known = new Map<string, Known>()
    const all: Access[] = []
    let ms = 0
    for (let count = 0; count < 250; count += 1) {
      ms += apart(next)
      const who = `person ${next(20) === 0 ? next(3) : 0}`
      const shown: Shown = next(3) === 0 ? 'history' : 'key'
      const network = next(12) === 0 ? null : `10.0.${next(3)}.0/24`
      const each = access(ms, { who, shown, network })
      const first = all.length === 0 ? 'nobody' : all[0]?.who === who ? 'self' : 'other'
      const judged = judgePerson(known.get(who), each, first)
      known.set(who, judged.known)

      const own = all.filter((other) => other.who === who)
      const recent = own.filter((other) => within(KNOWN_DAYS, other, each))
      const sawKey = recent.some((other) => other.shown === 'key')
      const isNew = recent.length === 0 ? all.length > 0 : shown === 'key' && !sawKey && first !== 'self'
      const before = new Set(recent.flatMap((other) => other.network ?? []))
      const isElsewhere = network !== null && before.size > 0 && !before.has(network)
      const inHour = own.filter((other) => each.at.getTime() - other.at.getTime() < HOUR).length + 1
      const expected = [
        ...(isNew ? ['new-person'] : isElsewhere ? ['new-network'] : []),
        ...(inHour >= MANY ? ['many-shown'] : []),
      ]
      expect(
        judged.unusual.map(({ reason }) => reason),
        `${count}`,
      ).toEqual(expected)
      all.push(each)
    }
  })
})

test('a day is known that is 90 days ago, and the one before it is not', () => {
  expect(knownSince(new Date('2026-06-01T23:59:59Z'))).toEqual(new Date('2026-03-03T00:00:00Z'))
})
