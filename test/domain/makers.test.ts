import { describe, expect, test } from 'vitest'
import {
  afterLookAtMakers,
  type Collaborator,
  isListed,
  MOST_COLLABORATORS,
  peopleOfApp,
} from '../../src/domain/makers.ts'

const HOUR = 3_600_000
const NOW = new Date('2026-11-29T10:00:00Z')
const OWNER: Collaborator = { userId: 'o', email: 'owner@example.com', isOwner: true }
const BOB: Collaborator = { userId: 'bob', email: 'bob@example.com', isOwner: false }
const whole = peopleOfApp([OWNER, BOB])
const ann = { id: '1', userId: 'ann', email: 'ann@example.com' }
const ago = (ms: number) => new Date(NOW.getTime() - ms).toISOString()
const look = (lists: Parameters<typeof isListed>[1]) => ({ lists, at: NOW })

describe('a list of collaborators', () => {
  test.each<[string, Collaborator[]]>([
    ['empty', []],
    ['without the owner', [BOB]],
    [
      'of the app of a team, whose members may not be listed',
      [{ ...OWNER, email: 'Acme@HerokuManager.com' }, BOB],
    ],
    ['whose owner has no address', [{ ...OWNER, email: null }, BOB]],
    ['as long as Heroku sends at once', [OWNER, ...Array<Collaborator>(MOST_COLLABORATORS - 1).fill(BOB)]],
  ])('that is %s is not believed to be whole', (_what, people) => {
    expect(peopleOfApp(people).whole).toBe(false)
  })

  test('with its owner is', () => {
    expect(whole.whole).toBe(true)
  })

  test.each([
    [{ userId: 'bob', email: null }, true],
    [{ userId: 'BOB', email: 'former@example.com' }, true],
    [{ userId: null, email: 'Bob@Example.com' }, true],
    [{ userId: 'another id', email: 'bob@example.com' }, true],
    [{ userId: 'ann', email: 'ann@example.com' }, false],
    [{ userId: null, email: null }, false],
  ])('has %j: %j', (maker, listed) => {
    expect(isListed(maker, [peopleOfApp([]), whole])).toBe(listed)
  })
})

describe('a token', () => {
  test('is over when two looks a day apart have not found its maker, and not before', () => {
    const first = afterLookAtMakers([ann], look([whole]), [])
    expect(first).toEqual({ missing: [{ id: '1', since: NOW.toISOString() }], over: [] })
    const early = [{ id: '1', since: ago(24 * HOUR - 1) }]
    expect(afterLookAtMakers([ann], look([whole]), early)).toEqual({ missing: early, over: [] })
    const known = [{ id: '1', since: ago(24 * HOUR) }]
    expect(afterLookAtMakers([ann], look([whole]), known)).toEqual({ missing: [], over: [ann] })
  })

  test('whose maker was found in between begins anew', () => {
    const known = [{ id: '1', since: ago(24 * HOUR) }]
    const there = peopleOfApp([OWNER, { ...BOB, userId: 'ann' }])
    expect(afterLookAtMakers([ann], look([whole, there]), known)).toEqual({ missing: [], over: [] })
  })

  test('is not over by lists of which one may not be whole, nor by none; what was known stays known', () => {
    const known = [{ id: '1', since: ago(30 * HOUR) }]
    for (const lists of [[], [whole, peopleOfApp([BOB])], [peopleOfApp([])]]) {
      expect(afterLookAtMakers([ann], look(lists), known)).toEqual({ missing: known, over: [] })
      expect(afterLookAtMakers([ann], look(lists), [])).toEqual({ missing: [], over: [] })
    }
  })

  test('that nobody is known to have made is never over', () => {
    const nobody = { id: '2', userId: null, email: null }
    const known = [{ id: '2', since: ago(30 * HOUR) }]
    expect(afterLookAtMakers([nobody], look([whole]), known)).toEqual({ missing: [], over: [] })
  })
})
