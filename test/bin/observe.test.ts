import { expect, onTestFinished, test } from 'vitest'
import { fingerprint } from '../../local/key-pair.ts'
import { observeService } from '../../src/bin/observe.ts'
import { pauseRotation } from '../../src/flows/dashboard/pause-rotation.ts'
import { keysOn, startWithAddon } from '../support/addon.ts'
import { DAY } from '../support/harness.ts'

const UNKNOWN = '01234567-89ab-4def-8123-456789abcdef'

async function startObserved() {
  const harness = await startWithAddon()
  const observer = observeService(harness.databaseUrl)
  onTestFinished(() => observer.close())
  const { id } = harness.addon
  return { ...harness, observer, id }
}

test('each event of a resource is seen once, oldest first', async () => {
  const { observer, id, clock, worker1 } = await startObserved()
  const first = await observer.eventsSince(id, undefined)
  expect(first.events.map(({ kind }) => kind)).toEqual(['provisioned', 'grant-exchanged'])
  expect(await observer.eventsSince(id, first.cursor)).toEqual({ events: [], cursor: first.cursor })
  clock.advance(14 * DAY)
  await worker1.tick()
  const { events } = await observer.eventsSince(id, first.cursor)
  expect(events.map(({ kind }) => kind)).toEqual(['access-token-refreshed', 'rotated'])
  expect(await observer.eventsSince(UNKNOWN, undefined)).toEqual({ events: [], cursor: undefined })
})

test('the next rotation is seen, and a pause for as long as it is on', async () => {
  const { observer, id, clock, deps } = await startObserved()
  const nextRotationAt = new Date(clock.now().getTime() + 14 * DAY)
  expect(await observer.nextRotation(id, clock.now())).toEqual({ nextRotationAt, pause: null })
  const until = new Date(clock.now().getTime() + DAY)
  await pauseRotation(deps, { resourceId: id, actor: { type: 'operator' }, until, reason: 'holidays' })
  expect(await observer.nextRotation(id, clock.now())).toMatchObject({ pause: { until } })
  clock.advance(DAY)
  expect(await observer.nextRotation(id, clock.now())).toMatchObject({ pause: null })
  expect(await observer.nextRotation(UNKNOWN, clock.now())).toBeUndefined()
})

test('keys are seen by fingerprint, and erased ones as gone', async () => {
  const { observer, id, clock, worker1, heroku, addon } = await startObserved()
  clock.advance(14 * DAY)
  await worker1.tick()
  const { first, second } = keysOn({ heroku })
  expect(await observer.keysOf(id)).toEqual({
    signs: fingerprint(first),
    others: [fingerprint(second)],
    stored: 2,
  })
  expect(await observer.isProvisioned(id)).toBe(true)
  await heroku.customer.destroy({ addon: addon.id })
  expect(await observer.keysOf(id)).toEqual({ signs: undefined, others: [], stored: 0 })
  expect(await observer.isProvisioned(id)).toBe(false)
  expect(await observer.isProvisioned(UNKNOWN)).toBe(false)
})
