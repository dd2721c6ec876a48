import { expect, test } from 'vitest'
import { afterCheck, afterForeign, afterHoldingBack } from '../../src/domain/after-look.ts'
import { openRotation, type ResourceState, stateAtProvision } from '../../src/domain/resource-state.ts'

const NOW = new Date('2026-03-03T12:00:00Z')
const HOUR = 3_600_000
const inHours = (hours: number) => new Date(NOW.getTime() + hours * HOUR)
const GRACE = { until: 'next-rotation' } as const
const HELD = { since: NOW, until: inHours(24), lookAt: inHours(1), apps: ['service-2'] }

/** Due since an hour, with a key in the second place that apps sign with. */
const provisioned = stateAtProvision({ current: 2, filler: 1 }, inHours(-1), inHours(-48))
const DUE: ResourceState = {
  ...provisioned,
  keyset: { ...provisioned.keyset, second: { version: 1, filler: false, until: inHours(-1) } },
  checkAt: inHours(5),
  claimedUntil: inHours(1),
}
const BY_HAND = openRotation(
  { ...DUE, nextRotationAt: inHours(240) },
  { reason: 'manual', dueAt: NOW, openedBy: { type: 'operator' } },
  NOW,
)

test.each([
  ['a rotation that is due', DUE],
  ['a rotation by hand', BY_HAND],
])('%s that is held back is checked at once, then waits for the next look at the apps', (_what, state) => {
  const held = afterHoldingBack(state, HELD, GRACE, NOW)
  expect(held).toMatchObject({ heldBack: HELD, checkAt: NOW, wakeAt: NOW, claimedUntil: null })
  const checked = afterCheck(held, { checkAt: inHours(24), trust: held.trust }, GRACE, NOW)
  expect(checked).toMatchObject({ heldBack: HELD, wakeAt: HELD.lookAt, claimedUntil: null })
})

test('each later look at the apps leaves the check at its time', () => {
  const held = afterHoldingBack({ ...DUE, heldBack: HELD }, { ...HELD, lookAt: inHours(6) }, GRACE, NOW)
  expect(held).toMatchObject({ checkAt: inHours(5), wakeAt: inHours(5) })
})

test('foreign keys end what is held back: once they are settled, the apps are looked at anew', () => {
  const foreign = afterForeign({ ...DUE, heldBack: HELD }, 24 * HOUR, NOW)
  expect(foreign).toMatchObject({ heldBack: null, wakeAt: inHours(24) })
  expect(foreign.trust.foreignSince).toEqual(NOW)
})

test('what failed before is over once Heroku has answered, with apps that wait or with a foreign pair', () => {
  const failing: ResourceState = {
    ...BY_HAND,
    rotation: BY_HAND.rotation && { ...BY_HAND.rotation, stuckSince: NOW },
    attempts: 12,
    failures: [{ at: NOW.toISOString(), kind: 'refresh-refused', detail: 'as Heroku said' }],
  }
  expect(afterHoldingBack(failing, HELD, GRACE, NOW)).toMatchObject({
    attempts: 0,
    rotation: { stuckSince: null },
  })
  expect(afterForeign(failing, 24 * HOUR, NOW)).toMatchObject({ attempts: 0 })
})

test('an answer of Heroku ends what was unchecked, also where it is a foreign pair', () => {
  const unchecked = { ...DUE, trust: { ...DUE.trust, uncheckedSince: inHours(-3) } }
  expect(afterForeign(unchecked, 24 * HOUR, NOW).trust.uncheckedSince).toBeNull()
})

test('what an app still signs with an old key counts for a stated life from the last look on', () => {
  const tokenLifeMs = 240 * HOUR
  const held = afterHoldingBack({ ...DUE, tokenLifeMs }, HELD, GRACE, NOW)
  expect(held.keyset.second).toEqual({ version: 1, filler: false, until: inHours(240 + 6) })
  const later = { version: 1, filler: false, until: inHours(1_000) } as const
  const kept = { ...DUE, tokenLifeMs, keyset: { ...DUE.keyset, second: later } }
  expect(afterHoldingBack(kept, HELD, GRACE, NOW).keyset.second).toEqual(later)
  expect(afterHoldingBack(DUE, HELD, GRACE, NOW).keyset.second).toEqual(DUE.keyset.second)
})
