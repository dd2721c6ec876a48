import { expect, test } from 'vitest'
import { groupOrEach } from '../../src/flows/group-or-each.ts'

/** SQLSTATE deadlock_detected (Postgres manual, appendix A). */
const DEADLOCK = '40P01'

/** As Postgres refuses a statement. */
function refusal(code: string): Error {
  return Object.assign(new Error(`refused: ${code}`), { code })
}

/** Doubles numbers; a group in which one is `bad` is refused with that code. */
function doubling(bad: number, code: string) {
  const groups: (readonly number[])[] = []
  const work = async (numbers: readonly number[]) => {
    groups.push(numbers)
    if (numbers.includes(bad)) throw refusal(code)
    return numbers.map((number) => number * 2)
  }
  return { groups, work }
}

test('a group that Postgres takes is one statement', async () => {
  const { groups, work } = doubling(0, '23505')
  expect(await groupOrEach([1, 2, 3], work)).toEqual([2, 4, 6])
  expect(groups).toEqual([[1, 2, 3]])
})

test.each([
  ['22021', 'data'],
  ['23505', 'a constraint'],
])('one item that Postgres refuses (%s, for %s) fails alone, in its place', async (code) => {
  const { groups, work } = doubling(2, code)
  expect(await groupOrEach([1, 2, 3], work)).toEqual([2, refusal(code), 6])
  expect(groups).toEqual([[1, 2, 3], [1], [2], [3]])
})

test.each(['40001', '57014', '08006'])(
  'any other trouble (%s) fails the group as a whole, at once',
  async (code) => {
    const { groups, work } = doubling(2, code)
    await expect(groupOrEach([1, 2, 3], work)).rejects.toThrow(`refused: ${code}`)
    expect(groups).toHaveLength(1)
  },
)

test('a group that waited for somebody who waited for it is run once more, and no oftener', async () => {
  let runs = 0
  const work = async (numbers: readonly number[]) => {
    runs += 1
    if (runs === 1) throw refusal(DEADLOCK)
    return numbers
  }
  expect(await groupOrEach([1, 2], work)).toEqual([1, 2])
  expect(runs).toBe(2)
  const { groups, work: never } = doubling(2, DEADLOCK)
  await expect(groupOrEach([1, 2], never)).rejects.toThrow(`refused: ${DEADLOCK}`)
  expect(groups).toHaveLength(2)
})

test('one item that is alone is not tried twice', async () => {
  const { groups, work } = doubling(2, '23505')
  await expect(groupOrEach([2], work)).rejects.toThrow('refused: 23505')
  expect(groups).toHaveLength(1)
})
