import { expect, test } from 'vitest'
import { describeFailure } from '../../src/domain/heroku-failure.ts'

test.each([
  [
    { kind: 'mismatch', detail: 'the answer does not hold what was sent' },
    'mismatch: the answer does not hold what was sent',
  ],
  [
    { kind: 'refused', detail: 'Heroku answered 422', status: 422 },
    'refused: Heroku answered 422 (status 422)',
  ],
  [
    { kind: 'unavailable', detail: 'Heroku answered 503', status: 503, requestId: 'a-b' },
    'unavailable: Heroku answered 503 (status 503) [request a-b]',
  ],
] as const)('a failure is told in one line: %o', (failure, line) => {
  expect(describeFailure(failure)).toBe(line)
})
