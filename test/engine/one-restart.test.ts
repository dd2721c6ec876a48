import fc from 'fast-check'
import { expect, test } from 'vitest'
import { requestRotation } from '../../src/flows/dashboard/request-rotation.ts'
import { createWorker } from '../../src/worker/worker.ts'
import { DAY, HOUR, MINUTE } from '../support/harness.ts'
import { randomCases } from '../support/random-cases.ts'
import { kindsOf } from '../support/resource.ts'
import { addonsOn, liveUntil, restartsOf } from '../support/restarts.ts'
import { sharedHarness } from '../support/shared-harness.ts'
import { checkBooks } from './support/books.ts'

const harness = sharedHarness({ env: { SPREAD_RESTARTS: '1h', CHECK_EVERY: '90d' } })
let fleets = 0

const anyFleet = fc.record({
  /** How many add-ons are made on each app. */
  apps: fc.array(fc.integer({ min: 1, max: 4 }), { minLength: 2, maxLength: 3 }),
  /** Add-ons, by their number, that are attached to the next app too. */
  shared: fc.array(fc.nat({ max: 8 }), { maxLength: 2 }),
  apartMs: fc.constantFrom(0, 1_000, 20 * MINUTE),
  outageMs: fc.constantFrom(0, 0, 5 * HOUR, 4 * DAY),
  /** Pushes that Heroku answers with 503. */
  failures: fc.nat({ max: 3 }),
  /** Somebody presses for one, so long after the worker is back. */
  pressed: fc.option(fc.record({ who: fc.nat({ max: 8 }), afterMs: fc.integer({ min: 0, max: 3 * HOUR }) })),
})

test('in random fleets with outages and two workers no app is restarted twice within the hour by the schedule, and everybody is rotated', async () => {
  const h = harness()
  const second = await h.anotherProcess()
  const limits = { concurrency: 5, claimLimit: 3, clockOffsetMs: async () => 0 }
  const tick = () => Promise.all([h.deps, second].map((deps) => createWorker(deps, limits).tick()))
  await fc.assert(
    fc.asyncProperty(anyFleet, async (fleet) => {
      fleets += 1
      const apps = fleet.apps.map((_, index) => `fleet-${fleets}-${index}`)
      const addons = []
      for (const [index, count] of fleet.apps.entries()) {
        addons.push(...(await addonsOn(h, apps[index] ?? '', count, { apartMs: fleet.apartMs })))
      }
      for (const number of new Set(fleet.shared)) {
        const addon = addons[number]
        const app = addon && apps[(apps.indexOf(addon.app) + 1) % apps.length]
        if (addon && app) await h.heroku.customer.attach({ addon: addon.id, app })
      }
      h.clock.advance(14 * DAY - 2 * HOUR + fleet.outageMs)
      if (fleet.failures > 0) {
        const match = { method: 'PATCH' }
        h.heroku.faults.add({ match, kind: 'status', status: 503, times: fleet.failures })
      }
      const begins = h.clock.now()
      const press = fleet.pressed && addons[fleet.pressed.who]
      if (press) {
        await liveUntil(h, new Date(begins.getTime() + (fleet.pressed?.afterMs ?? 0)), tick)
        await requestRotation(h.deps, {
          resourceId: press.id,
          actor: { type: 'operator' },
          evenIfTooSoon: true,
        })
        await tick()
      }
      const pressedAt = h.clock.now()
      // An hour for each add-on, twice: one that fails may lose its turn.
      const bound = new Date(h.clock.now().getTime() + 2 * HOUR + (2 * addons.length + 2) * HOUR)
      await liveUntil(h, bound, tick)
      for (const app of apps) {
        const restarts = restartsOf(h, app).map((at) => at.getTime())
        for (const [index, at] of restarts.entries()) {
          const before = restarts[index - 1]
          if (before === undefined || at === pressedAt.getTime()) continue
          expect(at - before).toBeGreaterThanOrEqual(HOUR)
        }
      }
      for (const { id } of addons) {
        const rotated = (await kindsOf(h.deps, id)).filter((kind) => kind === 'rotated')
        expect(rotated.length).toBeGreaterThanOrEqual(1)
        expect(rotated.length).toBeLessThanOrEqual(id === press?.id ? 2 : 1)
        await checkBooks(h.deps, id)
      }
      h.heroku.faults.clear()
      for (const app of apps) await h.heroku.customer.destroyApp(app)
    }),
    randomCases(4),
  )
})
