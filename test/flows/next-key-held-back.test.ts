import { expect, test } from 'vitest'
import { announceNext } from '../../src/flows/dashboard/announce-next.ts'
import { requestRotation } from '../../src/flows/dashboard/request-rotation.ts'
import { checkBooks } from '../engine/support/books.ts'
import { ACTOR, type Life, startLife } from '../engine/support/customer-app.ts'
import { DAY, HOUR, MINUTE } from '../support/harness.ts'

const about = ({ id }: Life) => ({ resourceId: id, actor: ACTOR })
const switchNext = (life: Life, on: boolean) => announceNext(life.deps, { ...about(life), on })
const timesToldHeld = async (life: Life) =>
  (await life.kinds()).filter((kind) => kind === 'key-held-back').length

/** Rotated once, but a second app, whose release failed, signs with the old key still. */
async function startLagging(): Promise<Life> {
  const life = await startLife()
  const { name } = life.heroku.view.addon(life.id)
  await life.heroku.customer.createApp('service-2')
  await life.heroku.customer.attach({ addon: name, app: 'service-2', as: 'SHARED' })
  await life.heroku.customer.setReleaseCommand('service-2', 'fails')
  life.clock.advance(14 * DAY)
  await life.tick()
  expect(await life.rotations()).toHaveLength(1)
  return life
}

test('pressing its switch while an old key waits for apps keeps that key no longer, and tells of it no second time', async () => {
  const life = await startLagging()
  life.clock.advance(14 * DAY)
  await life.tick()
  expect(await timesToldHeld(life)).toBe(1)
  for (let hour = 0; hour < 24; hour += 1) {
    // On at 20, and off and on again after that.
    if (hour >= 20) await switchNext(life, hour % 2 === 0)
    await life.tick()
    await life.tick()
    expect(await life.rotations()).toHaveLength(1)
    life.clock.advance(HOUR)
  }
  await life.tick()
  expect(await life.rotations()).toHaveLength(2)
  expect(await timesToldHeld(life)).toBe(1)
  await checkBooks(life.deps, life.id)
})

test('an announcement whose answer was lost stays where a rotation waits for apps: that rotation promotes the key', async () => {
  const life = await startLagging()
  life.clock.advance(3 * DAY)
  await life.tick()
  await switchNext(life, true)
  life.heroku.faults.add({ match: { method: 'PATCH' }, kind: 'status-after-write' })
  await life.tick()
  const next = life.announced()
  expect(next).toBeDefined()
  await requestRotation(life.deps, about(life))
  await life.tick()
  expect(await timesToldHeld(life)).toBe(1)
  // The look that follows the first time.
  await life.tick()
  expect(life.announced()).toBe(next)
  expect(await life.kinds()).not.toContain('config-repaired')
  for (let minutes = 0; minutes <= 25 * 60; minutes += 30) {
    life.clock.advance(30 * MINUTE)
    await life.tick()
  }
  expect(life.held().first).toBe(next)
  await checkBooks(life.deps, life.id)
})

test('a key that was announced stays for an app that signs with it, also where the answer to its rotation was lost', async () => {
  const life = await startLife({ next: true })
  const { name } = life.heroku.view.addon(life.id)
  await life.heroku.customer.createApp('service-2')
  await life.heroku.customer.attach({ addon: name, app: 'service-2', as: 'SHARED' })
  life.clock.advance(14 * DAY)
  life.heroku.faults.add({ match: { method: 'PATCH' }, kind: 'status-after-write' })
  await life.tick()
  const { first } = life.held()
  // Heroku has it for an hour when that is confirmed.
  life.clock.advance(HOUR)
  await life.tick()
  expect(await life.rotations()).toHaveLength(1)
  await life.heroku.customer.setReleaseCommand('service-2', 'fails')
  life.clock.advance(14 * DAY)
  await life.tick()
  expect(life.held().second).toBe(first)
  life.clock.advance(14 * DAY)
  await life.tick()
  expect(life.held().second).toBe(first)
  expect(await timesToldHeld(life)).toBe(1)
})
