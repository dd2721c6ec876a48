import fc from 'fast-check'
import { expect, test } from 'vitest'

test('whoever draws cases by chance and does not say how draws the same ones in each run', () => {
  const drawn = () => fc.sample(fc.nat(), 20)
  expect(drawn()).toEqual(drawn())
})
