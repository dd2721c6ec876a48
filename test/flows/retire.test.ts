import { describe, expect, test } from 'vitest'
import { requestRotation } from '../../src/flows/dashboard/request-rotation.ts'
import { callsTo, type HarnessWithAddon, keysOn, pushes, startWithAddon } from '../support/addon.ts'
import { DAY, HOUR, MINUTE } from '../support/harness.ts'
import { historyOf, stagesOf, stateOf } from '../support/resource.ts'

async function rotate(h: HarnessWithAddon): Promise<void> {
  h.clock.advance(14 * DAY)
  expect(await h.worker1.tick()).toMatchObject({ promoted: 1 })
}

async function rotateByHand(h: HarnessWithAddon): Promise<void> {
  await requestRotation(h.deps, { resourceId: h.addon.id, actor: { type: 'operator' } })
  expect(await h.worker1.tick()).toMatchObject({ promoted: 1 })
}

describe('a grace period until the next rotation', () => {
  test('keeps the old key in the second place for a whole period, and erases it when the next key comes', async () => {
    const h = await startWithAddon()
    await rotate(h)
    expect(await stagesOf(h.deps, h.addon.id)).toEqual({ 1: 'retired', 2: 'previous', 3: 'current' })
    h.clock.advance(13 * DAY)
    await h.worker1.tick()
    expect(await stagesOf(h.deps, h.addon.id)).toMatchObject({ 2: 'previous' })
    h.clock.advance(DAY)
    await h.worker1.tick()
    expect(await stagesOf(h.deps, h.addon.id)).toMatchObject({ 2: 'retired', 3: 'previous', 4: 'current' })
    expect(pushes(h)).toHaveLength(2)
  })

  test('outlives a rotation by hand: the old key leaves the config var but is accepted until its time is over', async () => {
    const h = await startWithAddon()
    await rotate(h)
    h.clock.advance(3 * DAY)
    await rotateByHand(h)
    expect(await stagesOf(h.deps, h.addon.id)).toMatchObject({ 2: 'previous', 3: 'previous', 4: 'current' })

    h.clock.advance(11 * DAY - MINUTE)
    await h.worker1.tick()
    expect(await stagesOf(h.deps, h.addon.id)).toMatchObject({ 2: 'previous' })
    h.clock.advance(MINUTE)
    expect(await h.worker1.tick()).toMatchObject({ retired: 1, promoted: 0 })
    expect(await stagesOf(h.deps, h.addon.id)).toMatchObject({ 2: 'retired', 3: 'previous' })
    // Nobody restarts for the sake of a key that is in no config var.
    expect(pushes(h)).toHaveLength(2)
  })
})

describe('a shortened grace period', () => {
  /** Rotated, and the grace period over to the minute. */
  async function startOverdue(options: Parameters<typeof startWithAddon>[0] = {}) {
    const h = await startWithAddon({ grace: '48h', ...options })
    await rotate(h)
    const rotated = keysOn(h)
    h.clock.advance(48 * HOUR)
    return { ...h, rotated }
  }

  const isFilled = (h: { heroku: HarnessWithAddon['heroku']; rotated: { second: string } }) =>
    keysOn(h).second !== h.rotated.second

  test('ends by a filler in the place of the old key, which is erased, once every app was seen to have the new one', async () => {
    const h = await startOverdue()
    await h.heroku.customer.createApp('service-2')
    await h.heroku.customer.attach({ addon: h.addon.name, app: 'service-2', as: 'SHARED' })
    expect(await h.worker1.tick()).toMatchObject({ promoted: 1 })
    expect(keysOn(h).first).toBe(h.rotated.first)
    expect(isFilled(h)).toBe(true)
    expect(keysOn(h, 'service-2', 'SHARED_KEY')).toEqual(keysOn(h))
    expect(await stagesOf(h.deps, h.addon.id)).toMatchObject({ 2: 'retired', 3: 'current', 4: 'previous' })
    expect(callsTo(h, 'GET', '/releases')).toHaveLength(2)
    expect((await historyOf(h.deps, h.addon.id)).at(-1)).toMatchObject({
      kind: 'filler-published',
      filler: { version: 4 },
      erased: [2],
    })
  })

  test('is decided by time where Heroku does not let us see releases', async () => {
    const h = await startOverdue({ simulator: { grantReleases: false } })
    expect(await h.worker1.tick()).toMatchObject({ promoted: 1 })
    expect(isFilled(h)).toBe(true)
  })

  test('is decided by time where more apps hold the key than can be asked one by one', async () => {
    const h = await startOverdue()
    const body = Array.from({ length: 51 }, (_, index) => ({
      name: 'X',
      app: { id: `app-${index}`, name: 'x' },
    }))
    h.heroku.faults.add({ match: { path: '/addon-attachments' }, kind: 'status', status: 200, body })
    expect(await h.worker1.tick()).toMatchObject({ promoted: 1 })
    expect(callsTo(h, 'GET', '/releases')).toEqual([])
  })

  test.each(['/addon-attachments', '/releases'])(
    'is put off with the usual delay when Heroku cannot be asked about %s',
    async (path) => {
      const h = await startOverdue()
      h.heroku.faults.add({ match: { path }, kind: 'status', status: 503 })
      expect(await h.worker1.tick()).toMatchObject({ promoted: 0, failed: 1 })
      expect(isFilled(h)).toBe(false)
      h.clock.advance(MINUTE)
      expect(await h.worker1.tick()).toMatchObject({ promoted: 1 })
    },
  )

  test('is not put off by a push whose answer was lost: that its release came before the retry counts', async () => {
    const h = await startWithAddon({ grace: '48h' })
    h.heroku.faults.add({ match: { method: 'PATCH' }, kind: 'truncated-body' })
    h.clock.advance(14 * DAY)
    await h.worker1.tick()
    h.clock.advance(5 * MINUTE)
    expect(await h.worker1.tick()).toMatchObject({ promoted: 1 })
    h.clock.advance(48 * HOUR)
    expect(await h.worker1.tick()).toMatchObject({ promoted: 1 })
  })

  test('makes one filler: a push that fails is repeated with the same one', async () => {
    const h = await startOverdue()
    h.heroku.faults.add({ match: { method: 'PATCH' }, kind: 'cut', times: 2 })
    await h.worker1.tick()
    h.clock.advance(MINUTE)
    expect(await h.worker1.tick()).toMatchObject({ promoted: 1 })
    const [, ...pushed] = pushes(h)
    expect(pushed).toHaveLength(3)
    expect(new Set(pushed).size).toBe(1)
    expect((await stateOf(h.deps, h.addon.id)).lastVersion).toBe(4)
  })

  test('gives way to a rotation that comes due while its filler waits: the former first key stays second', async () => {
    const h = await startOverdue()
    h.heroku.faults.add({ match: { method: 'PATCH' }, kind: 'cut', times: 2 })
    await h.worker1.tick()
    await rotateByHand(h)
    expect(keysOn(h).second).toBe(h.rotated.first)
    expect(await stagesOf(h.deps, h.addon.id)).toMatchObject({ 3: 'previous', 4: 'retired', 5: 'current' })
  })
})
