import { expect, test } from 'vitest'
import { listRotations } from '../../src/bin/list-rotations.ts'
import { changePlan } from '../../src/flows/provisioning/change-plan.ts'
import { tickOf } from '../engine/support/ticks.ts'
import { signedIn } from '../support/browser.ts'
import { DAY, HOUR, MINUTE } from '../support/harness.ts'
import { stateOf } from '../support/resource.ts'
import { addonsOn } from '../support/restarts.ts'
import { startApi } from './support/api.ts'

test('a wait for another restart is told by the API, on the page and in the list, with the app and the end of it', async () => {
  const h = await startApi({ env: { SPREAD_RESTARTS: '1h' } })
  h.clock.advance(MINUTE)
  const [other] = await addonsOn(h, 'service-1', 1, { apartMs: 0 })
  const call = await h.callerWith('read')
  expect((await call('GET', '/resource')).body.waits_for_restart).toBeNull()
  const due = new Date(h.clock.now().getTime() + 14 * DAY - MINUTE)
  // Both are due, and the other one has its turn first.
  h.clock.advance(14 * DAY)
  const own = await stateOf(h.deps, h.addon.id)
  await h.deps.db
    .updateTable('keysets')
    .set({ wake_at: null })
    .where('resource_id', '=', h.addon.id)
    .execute()
  await tickOf(h.deps)
  await h.deps.db
    .updateTable('keysets')
    .set({ wake_at: own.wakeAt })
    .where('resource_id', '=', h.addon.id)
    .execute()
  await tickOf(h.deps)
  expect((await stateOf(h.deps, other?.id ?? '')).publishedReason).toBe('scheduled')

  const until = new Date(h.clock.now().getTime() + HOUR)
  const { body } = await call('GET', '/resource')
  expect(body).toMatchObject({
    next_rotation_at: until.toISOString(),
    next_rotation_due_at: due.toISOString(),
    waits_for_restart: { app: 'service-1', until: until.toISOString() },
    next_rotations: expect.arrayContaining([until.toISOString()]),
    rotation: null,
  })
  const ann = await signedIn(h, { addon: h.addon.name, userId: 'ann', email: 'ann@example.com' })
  const { text } = await ann.get(ann.base)
  expect(text).toContain('Next rotation in 60 minutes')
  expect(text).toMatch(/It waits for another restart of service-1 until [^<]*13:01/)
  expect(await listRotations(h.deps, { stuck: false, because: undefined })).toContain(
    `${h.addon.id}  waits for another restart of service-1 until ${until.toISOString()}`,
  )
  expect(await listRotations(h.deps, { stuck: true, because: undefined })).toBe('No rotation is stuck.')

  h.clock.advance(HOUR)
  await tickOf(h.deps)
  expect((await call('GET', '/resource')).body).toMatchObject({
    waits_for_restart: null,
    next_rotation_at: new Date(due.getTime() + 14 * DAY).toISOString(),
  })
})

test('a rotation after a plan change that waits for another restart says so', async () => {
  const h = await startApi({ plan: 'monthly', env: { SPREAD_RESTARTS: '1h' } })
  const [other] = await addonsOn(h, 'service-1', 1)
  h.clock.advance(14 * DAY)
  await tickOf(h.deps)
  expect((await stateOf(h.deps, other?.id ?? '')).publishedReason).toBe('scheduled')
  h.clock.advance(MINUTE)
  await changePlan(h.deps, { resourceId: h.addon.id, plan: 'weekly' })
  await tickOf(h.deps)
  const call = await h.callerWith('read')
  const { body } = await call('GET', '/rotations')
  const until = new Date(h.clock.now().getTime() + HOUR - MINUTE).toISOString()
  expect(body).toMatchObject({
    rotations: [
      {
        reason: 'plan-change',
        status: 'under-way',
        attempts: 0,
        waits_for_restart: { app: 'service-1', until },
      },
    ],
  })
  const ann = await signedIn(h, { addon: h.addon.name, userId: 'ann', email: 'ann@example.com' })
  const { text } = await ann.get(ann.base)
  expect(text).toContain('The rotation goes on in 59 minutes')
  expect(text).toContain('It waits for another restart of service-1')
})
