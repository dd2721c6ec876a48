import { expect, test } from 'vitest'
import { createSlots } from '../../src/worker/slots.ts'

/** Pieces of work that end when they are told to, and in which order they were begun. */
function startPieces(run: ReturnType<typeof createSlots>, count: number) {
  const begun: number[] = []
  const pieces = Array.from({ length: count }, (_, number) => {
    const { promise, resolve, reject } = Promise.withResolvers<number>()
    const done = run(() => {
      begun.push(number)
      return promise
    })
    return { done, end: () => resolve(number), fail: () => reject(new Error(`piece ${number}`)) }
  })
  return { begun, pieces }
}

test('so many pieces run at a time and never more; the others follow in the order in which they came', async () => {
  const { begun, pieces } = startPieces(createSlots(2), 5)
  await Promise.resolve()
  expect(begun).toEqual([0, 1])
  pieces[1]?.end()
  expect(await pieces[1]?.done).toBe(1)
  expect(begun).toEqual([0, 1, 2])
  for (const piece of pieces) piece.end()
  expect(await Promise.all(pieces.map(({ done }) => done))).toEqual([0, 1, 2, 3, 4])
  expect(begun).toEqual([0, 1, 2, 3, 4])
})

test('an urgent piece is begun before those that waited longer, after the urgent ones before it', async () => {
  const run = createSlots(1)
  const begun: string[] = []
  const { promise, resolve } = Promise.withResolvers<void>()
  const piece = (name: string, urgent?: boolean) =>
    run(async () => {
      begun.push(name)
      await promise
    }, urgent)
  const all = [piece('first'), piece('a'), piece('b'), piece('urgent', true), piece('urgent too', true)]
  resolve()
  await Promise.all(all)
  expect(begun).toEqual(['first', 'urgent', 'urgent too', 'a', 'b'])
})

test('a piece that fails leaves its place to the next, and tells its own caller alone', async () => {
  const { begun, pieces } = startPieces(createSlots(1), 3)
  pieces[0]?.fail()
  await expect(pieces[0]?.done).rejects.toThrow('piece 0')
  pieces[1]?.end()
  expect(await pieces[1]?.done).toBe(1)
  expect(begun).toEqual([0, 1, 2])
  pieces[2]?.end()
  await pieces[2]?.done
})

test('a place that became free while nobody waited is taken again', async () => {
  const run = createSlots(1)
  for (const number of [1, 2, 3]) expect(await run(async () => number)).toBe(number)
})
