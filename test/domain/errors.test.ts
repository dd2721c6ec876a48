import { expect, test } from 'vitest'
import { SecurekeyError } from '../../src/domain/errors.ts'

test('the log detail of an error is not part of its public message', () => {
  const error = new SecurekeyError('unknown-plan', 'There is no such plan.', { detail: 'for the log' })
  expect(error.message).toBe('There is no such plan.')
  expect(String(error)).not.toContain('for the log')
  expect(error.detail).toBe('for the log')
})

test('an error keeps its code, its name and the cause that it was given', () => {
  const cause = new Error('below')
  const error = new SecurekeyError('sealed-value-unreadable', 'Could not be opened.', { cause })
  expect(error).toMatchObject({ code: 'sealed-value-unreadable', name: 'SecurekeyError', cause })
  expect(error).toBeInstanceOf(Error)
})

test('an error without a cause has no cause of its own', () => {
  expect('cause' in new SecurekeyError('not-found', 'Nothing here.')).toBe(false)
})
