import { expect, test } from 'vitest'
import type { GracePeriod } from '../../src/domain/grace.ts'
import { setGracePeriod } from '../../src/flows/dashboard/set-grace-period.ts'
import { type HarnessWithAddon, keysOn, pushes, startWithAddon } from '../support/addon.ts'
import { DAY, HOUR, MINUTE } from '../support/harness.ts'
import { verify } from '../support/resource.ts'

function setGrace(h: HarnessWithAddon, grace: GracePeriod) {
  return setGracePeriod(h.deps, { resourceId: h.addon.id, actor: { type: 'operator' }, grace })
}

async function startRotated(grace?: string): Promise<HarnessWithAddon> {
  const h = await startWithAddon(grace ? { grace } : {})
  h.clock.advance(14 * DAY)
  await h.worker1.tick()
  return h
}

test('a shortened grace period ends the old key counted from its push, at the soonest a grace floor from now', async () => {
  const h = await startRotated()
  const old = keysOn(h).second
  h.clock.advance(5 * DAY)
  await setGrace(h, { until: 'elapsed', ms: 3 * HOUR })
  h.clock.advance(2 * HOUR - MINUTE)
  await h.worker1.tick()
  expect(await verify(h.deps, h.addon.id, old)).toMatchObject({ outcome: 'previous' })
  h.clock.advance(2 * MINUTE)
  await h.worker1.tick()
  expect(await verify(h.deps, h.addon.id, old)).toMatchObject({ outcome: 'retired' })
  expect(pushes(h)).toHaveLength(2)
})

test('a grace period that is lengthened in time keeps the old key', async () => {
  const h = await startRotated('48h')
  const old = keysOn(h)
  h.clock.advance(47 * HOUR)
  await setGrace(h, { until: 'next-rotation' })
  h.clock.advance(5 * DAY)
  await h.worker1.tick()
  expect(keysOn(h)).toEqual(old)
})

test('a grace period below the floor is refused and nothing changes', async () => {
  const h = await startRotated()
  await expect(setGrace(h, { until: 'elapsed', ms: HOUR })).rejects.toMatchObject({ code: 'invalid-option' })
  h.clock.advance(5 * DAY)
  await h.worker1.tick()
  expect(pushes(h)).toHaveLength(1)
})
