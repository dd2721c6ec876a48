import { describe, expect, test } from 'vitest'
import { requestRotation, resumeRotation } from '../../src/flows/dashboard/request-rotation.ts'
import { changePlan } from '../../src/flows/provisioning/change-plan.ts'
import { deprovision } from '../../src/flows/provisioning/deprovision.ts'
import { callsTo, type HarnessWithAddon, pushes, startWithAddon, tickUntilStuck } from '../support/addon.ts'
import { DAY, HOUR } from '../support/harness.ts'
import { endedRotations, historyOf, kindsOf, stagesOf, tokenCalls, uuid } from '../support/resource.ts'

/** Everything of a resource that could come back to life. */
async function remainsOf(h: HarnessWithAddon) {
  const { db } = h.deps
  const resource = await db.selectFrom('resources').selectAll().executeTakeFirstOrThrow()
  return {
    state: resource.state,
    dataKey: resource.wrapped_dek,
    logAddress: resource.sealed_log_input_url,
    keys: await db.selectFrom('sealed_keys').selectAll().execute(),
    keysets: await db.selectFrom('keysets').selectAll().execute(),
    grants: await db.selectFrom('oauth_grants').selectAll().execute(),
    tokens: await db.selectFrom('oauth_tokens').selectAll().execute(),
    lastKind: (await kindsOf(h.deps, h.addon.id)).at(-1),
  }
}

const NOTHING = {
  state: 'deprovisioned',
  dataKey: null,
  logAddress: null,
  keys: [],
  keysets: [],
  grants: [],
  tokens: [],
  lastKind: 'deprovisioned',
}

const destroy = (h: HarnessWithAddon) => h.heroku.customer.destroy({ addon: h.addon.name })

describe('a deprovision', () => {
  test('erases keys, tokens, grant, log address and data key; row, fingerprints and history stay', async () => {
    const h = await startWithAddon()
    h.clock.advance(14 * DAY)
    await h.worker1.tick()
    const rows = (await historyOf(h.deps, h.addon.id)).length
    await destroy(h)
    expect(await remainsOf(h)).toEqual(NOTHING)
    expect(await stagesOf(h.deps, h.addon.id)).toEqual({ 1: 'retired', 2: 'retired', 3: 'retired' })
    const trail = await historyOf(h.deps, h.addon.id)
    expect(trail).toHaveLength(rows + 1)
    expect(trail.at(-1)).toMatchObject({
      kind: 'deprovisioned',
      actor: { type: 'heroku' },
      erased: [3, 2],
    })
  })

  test('ends all work: no worker looks at the resource again', async () => {
    const h = await startWithAddon()
    await destroy(h)
    const calls = h.heroku.view.apiCalls().length
    h.clock.advance(90 * DAY)
    expect(await h.worker1.tick()).toMatchObject({ promoted: 0, failed: 0, 'given-back': 0 })
    expect(h.heroku.view.apiCalls()).toHaveLength(calls)
  })

  test('cancels a rotation that waits for its retry, and erases its key', async () => {
    const h = await startWithAddon()
    h.heroku.faults.add({ match: { method: 'PATCH' }, kind: 'cut', times: 2 })
    h.clock.advance(14 * DAY)
    await h.worker1.tick()
    expect(await stagesOf(h.deps, h.addon.id)).toMatchObject({ 3: 'pending' })
    await destroy(h)
    expect(await remainsOf(h)).toEqual(NOTHING)
    expect(await endedRotations(h.deps, h.addon.id)).toMatchObject([
      { kind: 'rotation-cancelled', at: h.clock.now(), key: { version: 3 }, attempts: 1 },
    ])
    expect(await stagesOf(h.deps, h.addon.id)).toMatchObject({ 3: 'retired' })
  })

  test('cancels a stuck rotation', async () => {
    const h = await startWithAddon()
    h.clock.advance(14 * DAY)
    await tickUntilStuck(h)
    await destroy(h)
    expect(await remainsOf(h)).toEqual(NOTHING)
    expect(await kindsOf(h.deps, h.addon.id)).toContain('rotation-cancelled')
  })

  test('before the push: the worker that is refreshing the token writes nothing afterwards', async () => {
    const h = await startWithAddon()
    h.heroku.faults.add({ match: { grantType: 'refresh_token' }, kind: 'latency', ms: 150 })
    h.clock.advance(14 * DAY)
    const ticking = h.worker1.tick()
    await expect.poll(() => tokenCalls(h, 'refresh_token')).toHaveLength(1)
    await destroy(h)
    await ticking
    expect(await remainsOf(h)).toEqual(NOTHING)
  })

  test('after the push: the worker that waits for the answer promotes nothing', async () => {
    const h = await startWithAddon()
    h.heroku.faults.add({ match: { method: 'PATCH' }, kind: 'latency', ms: 150 })
    h.clock.advance(14 * DAY)
    const ticking = h.worker1.tick()
    await expect.poll(() => pushes(h)).toHaveLength(1)
    await destroy(h)
    expect(await ticking).toMatchObject({ promoted: 0 })
    expect(await remainsOf(h)).toEqual(NOTHING)
  })

  test('during a push that fails: the failure is written nowhere', async () => {
    const h = await startWithAddon({ callTimeoutMs: 1_000 })
    h.heroku.faults.add({ match: { method: 'PATCH' }, kind: 'hang' })
    h.clock.advance(14 * DAY)
    const ticking = h.worker1.tick()
    await expect.poll(() => pushes(h)).toHaveLength(1)
    await destroy(h)
    await ticking
    expect(await remainsOf(h)).toEqual(NOTHING)
  })

  test('during the look at the attached apps: no filler is made', async () => {
    const h = await startWithAddon({ grace: '48h' })
    h.clock.advance(14 * DAY)
    await h.worker1.tick()
    h.heroku.faults.add({ match: { path: '/releases' }, kind: 'latency', ms: 150 })
    h.clock.advance(48 * HOUR)
    const ticking = h.worker1.tick()
    await expect.poll(() => callsTo(h, 'GET', '/releases')).toHaveLength(1)
    await destroy(h)
    await ticking
    expect(await remainsOf(h)).toEqual(NOTHING)
  })
})

describe('afterwards', () => {
  test('nothing can be asked of the resource any more', async () => {
    const h = await startWithAddon()
    await destroy(h)
    const request = { resourceId: h.addon.id, actor: { type: 'operator' } as const, plan: 'daily' }
    for (const flow of [deprovision, changePlan, requestRotation, resumeRotation]) {
      await expect(flow(h.deps, request)).rejects.toMatchObject({ code: 'resource-gone' })
    }
    expect(await remainsOf(h)).toEqual(NOTHING)
  })

  test('a resource that never was is told apart from one that is gone', async () => {
    const { deps } = await startWithAddon()
    await expect(deprovision(deps, { resourceId: uuid(99) })).rejects.toMatchObject({
      code: 'unknown-resource',
    })
  })
})
