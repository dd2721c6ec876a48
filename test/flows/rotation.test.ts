import { expect, test } from 'vitest'
import { changePlan } from '../../src/flows/provisioning/change-plan.ts'
import { keysOn, pushes, startWithAddon } from '../support/addon.ts'
import { DAY, HOUR, MINUTE } from '../support/harness.ts'
import { endedRotations } from '../support/resource.ts'

test('a due rotation pushes one new key in front of the former first, to every attached app', async () => {
  const h = await startWithAddon()
  await h.heroku.customer.createApp('service-2')
  await h.heroku.customer.attach({ addon: h.addon.name, app: 'service-2', as: 'SERVICE_ONE_SECURE' })
  const before = keysOn(h, 'service-1')

  h.clock.advance(14 * DAY)
  const tally = await h.worker1.tick()

  expect(tally).toMatchObject({ promoted: 1, failed: 0 })
  expect(pushes(h)).toHaveLength(1)
  const after = keysOn(h, 'service-1')
  expect(after.second).toBe(before.first)
  expect(after.first).not.toBe(before.first)
  expect(keysOn(h, 'service-2', 'SERVICE_ONE_SECURE_KEY')).toEqual(after)
})

test('three rotations in a row each keep the former first key as second', async () => {
  const h = await startWithAddon()
  let before = keysOn(h, 'service-1')
  for (let round = 0; round < 3; round += 1) {
    h.clock.advance(14 * DAY)
    expect(await h.worker1.tick()).toMatchObject({ promoted: 1 })
    const after = keysOn(h, 'service-1')
    expect(after.second).toBe(before.first)
    before = after
  }
  expect(pushes(h)).toHaveLength(3)
})

test('nothing is pushed a minute before the due date', async () => {
  const h = await startWithAddon()
  h.clock.advance(14 * DAY - MINUTE)
  expect(await h.worker1.tick()).toMatchObject({ promoted: 0 })
  expect(pushes(h)).toEqual([])
})

test('a lost answer costs no second push: the retry reads the config back', async () => {
  const h = await startWithAddon()
  h.heroku.faults.add({ match: { method: 'PATCH' }, kind: 'truncated-body' })
  h.clock.advance(14 * DAY)
  expect(await h.worker1.tick()).toMatchObject({ promoted: 0, failed: 1 })

  h.clock.advance(5 * MINUTE)
  expect(await h.worker1.tick()).toMatchObject({ promoted: 1 })
  expect(pushes(h)).toHaveLength(1)
  expect(h.heroku.view.releases('service-1').filter((r) => r.description.startsWith('Update'))).toHaveLength(
    1,
  )
})

test.each([
  ['before it arrived is read back and sent again', 'cut', 2],
  ['after it arrived is read back', 'lost-answer', 1],
] as const)(
  'a push whose connection was reset %s at once, and that costs no attempt',
  async (_how, kind, sent) => {
    const h = await startWithAddon()
    h.heroku.faults.add({ match: { method: 'PATCH' }, kind })
    h.clock.advance(14 * DAY)
    expect(await h.worker1.tick()).toMatchObject({ promoted: 1, failed: 0 })
    expect(pushes(h)).toHaveLength(sent)
    expect(new Set(pushes(h)).size).toBe(1)
    expect(await endedRotations(h.deps, h.addon.id)).toMatchObject([{ kind: 'rotated', attempts: 1 }])
  },
)

test('a push that was cut before it arrived is repeated with the same key', async () => {
  const h = await startWithAddon()
  h.heroku.faults.add({ match: { method: 'PATCH' }, kind: 'cut', times: 2 })
  h.clock.advance(14 * DAY)
  await h.worker1.tick()
  h.clock.advance(5 * MINUTE)
  expect(await h.worker1.tick()).toMatchObject({ promoted: 1 })
  expect(pushes(h)).toHaveLength(3)
  expect(new Set(pushes(h)).size).toBe(1)
})

test('a shortened grace period replaces the old key by a filler when it ends, with one more push', async () => {
  const h = await startWithAddon({ grace: '48h' })
  h.clock.advance(14 * DAY)
  await h.worker1.tick()
  const rotated = keysOn(h, 'service-1')

  h.clock.advance(48 * HOUR - MINUTE)
  await h.worker1.tick()
  expect(keysOn(h, 'service-1')).toEqual(rotated)

  h.clock.advance(2 * MINUTE)
  expect(await h.worker1.tick()).toMatchObject({ promoted: 1 })
  const filled = keysOn(h, 'service-1')
  expect(filled.first).toBe(rotated.first)
  expect(filled.second).not.toBe(rotated.second)
  expect(pushes(h)).toHaveLength(2)

  h.clock.advance(12 * DAY)
  await h.worker1.tick()
  expect(keysOn(h, 'service-1').second).toBe(filled.first)
})

test('a plan change during a rotation lets it finish and counts the new period from its due date', async () => {
  const h = await startWithAddon()
  h.heroku.faults.add({ match: { method: 'PATCH' }, kind: 'cut', times: 2 })
  h.clock.advance(14 * DAY)
  await h.worker1.tick()
  await changePlan(h.deps, { resourceId: h.addon.id, plan: 'daily' })
  h.clock.advance(5 * MINUTE)
  expect(await h.worker1.tick()).toMatchObject({ promoted: 1 })
  const after = keysOn(h, 'service-1')
  h.clock.advance(DAY - 5 * MINUTE)
  expect(await h.worker1.tick()).toMatchObject({ promoted: 1 })
  expect(keysOn(h, 'service-1').second).toBe(after.first)
})
