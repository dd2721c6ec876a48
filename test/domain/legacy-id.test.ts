import { expect, test } from 'vitest'
import { isOwnId, ownResourceId } from '../../src/domain/legacy-id.ts'
import { parseResourceId } from '../../src/domain/resource-id.ts'

test('an id that is made here is the same for each repeat, another after each end, and a UUID of version 8', () => {
  const first = ownResourceId('app123@heroku.com', 0)
  expect(ownResourceId('app123@heroku.com', 0)).toBe(first)
  expect(ownResourceId('app123@heroku.com', 1)).not.toBe(first)
  expect(ownResourceId('app124@heroku.com', 0)).not.toBe(first)
  expect(parseResourceId(first)).toBe(first)
  expect(first).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/)
})

test('an id of Heroku’s is told from one that was made here', () => {
  expect(isOwnId(ownResourceId('app123@heroku.com', 0))).toBe(true)
  expect(isOwnId('fc045862-3954-4869-80d3-0a69063f995f')).toBe(false)
})
