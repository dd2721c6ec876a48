import { expect, test } from 'vitest'
import { isOurs } from './support/share.ts'

const NAMES = Array.from({ length: 600 }, (_, n) => `before select keysets #${n}`)
const ours = (share: string, seed: string) => NAMES.filter((name) => isOurs(name, { share, seed }))

test('npm test and npm run test:outer try every point between them, and none twice', () => {
  const [third, rest] = [ours('third', 'a'), ours('rest', 'a')]
  expect([...third, ...rest].sort()).toEqual(NAMES.toSorted())
  expect(ours('all', 'a')).toEqual(NAMES)
  expect(third.length).toBeGreaterThan(150)
  expect(third.length).toBeLessThan(250)
})

test('the same seed chooses the same third, and a month of them chooses every point', () => {
  expect(ours('third', '2026-03-03')).toEqual(ours('third', '2026-03-03'))
  const month = Array.from({ length: 31 }, (_, day) => ours('third', `2026-03-${day}`))
  expect(new Set(month.flat()).size).toBe(NAMES.length)
})
