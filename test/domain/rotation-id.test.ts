import fc from 'fast-check'
import { expect, test } from 'vitest'
import { readRotationId, rotationId } from '../../src/domain/rotation-id.ts'

const reasons = fc.constantFrom(
  'scheduled' as const,
  'manual' as const,
  'plan-change' as const,
  'revoke' as const,
)
const openedAt = fc.date({ min: new Date('2000-01-01'), max: new Date('9999-12-31'), noInvalidDate: true })

test('the id of a rotation names its reason and its opening to the millisecond, and is read back', () => {
  expect(rotationId({ reason: 'manual', openedAt: new Date('2026-03-03T12:00:00.007Z') })).toBe(
    'manual-20260303T120000007Z',
  )
  fc.assert(
    fc.property(fc.record({ reason: reasons, openedAt }), (name) => {
      expect(readRotationId(rotationId(name))).toEqual(name)
    }),
  )
})

test.each([
  '',
  'manual',
  'whim-20260303T120000000Z',
  'manual-20260231T120000000Z',
  'manual-20261303T120000000Z',
  'manual-20260303T240000000Z',
  'manual-20260303T120000000z',
  ' manual-20260303T120000000Z',
])('no rotation has the id "%s"', (text) => {
  expect(readRotationId(text)).toBeUndefined()
})
