import { describe, expect, test } from 'vitest'
import { fingerprint } from '../../local/key-pair.ts'
import { parseSecureKeyValue } from '../../src/domain/config-vars.ts'
import { requestRotation } from '../../src/flows/dashboard/request-rotation.ts'
import { keysOn, startWithAddon } from '../support/addon.ts'
import { DAY, HOUR, MINUTE, startHarness } from '../support/harness.ts'
import {
  historyOf,
  kindsOf,
  provisionRequest,
  provisionResource,
  stagesOf,
  stateOf,
  tokenCalls,
  uuid,
} from '../support/resource.ts'

describe('a provision request', () => {
  test('makes two fresh keys, of which the first signs and the second is a filler', async () => {
    const { deps, clock } = await startHarness()
    const { outcome, config } = await provisionResource(deps, provisionRequest())
    expect(outcome).toBe('provisioned')
    const keys = parseSecureKeyValue(config.SECURE_KEY ?? '')
    expect(await stagesOf(deps, uuid(1))).toEqual({ 1: 'previous', 2: 'current' })
    expect(await historyOf(deps, uuid(1))).toMatchObject([
      {
        kind: 'provisioned',
        actor: { type: 'heroku' },
        at: clock.now(),
        key: { version: 2, fingerprint: fingerprint(keys?.first ?? '') },
        filler: { version: 1, fingerprint: fingerprint(keys?.second ?? '') },
        details: { plan: 'fortnightly', gracePeriod: 'period' },
      },
    ])
  })

  test.each([
    ['daily', DAY],
    ['monthly', 28 * DAY],
  ])('for the plan %s is due one period later', async (plan, periodMs) => {
    const { deps, clock } = await startHarness()
    await provisionResource(deps, provisionRequest({ plan }))
    const due = new Date(clock.now().getTime() + periodMs)
    expect(await stateOf(deps, uuid(1))).toMatchObject({
      nextRotationAt: due,
      wakeAt: new Date(clock.now().getTime() + Math.min(periodMs, DAY)),
      attempts: 0,
    })
  })

  test('takes the default grace period of the service unless the customer chose one', async () => {
    const { deps } = await startHarness({ env: { GRACE_PERIOD: '3d' } })
    await provisionResource(deps, provisionRequest({ resourceId: uuid(1) }))
    await provisionResource(deps, provisionRequest({ resourceId: uuid(2), options: { grace: 'period' } }))
    const [one] = await historyOf(deps, uuid(1))
    const [other] = await historyOf(deps, uuid(2))
    expect([one?.details?.gracePeriod, other?.details?.gracePeriod]).toEqual(['3d', 'period'])
  })
})

describe('a repeated provision request', () => {
  test('is answered with the same keys by every process, and leaves a trace', async () => {
    const { deps, anotherProcess, clock } = await startHarness()
    const first = await provisionResource(deps, provisionRequest())
    clock.advance(HOUR)
    const again = await provisionResource(await anotherProcess(), provisionRequest())
    expect(again).toEqual({ ...first, outcome: 'already-provisioned' })
    expect((await historyOf(deps, uuid(1))).map(({ kind }) => kind)).toEqual([
      'provisioned',
      'provision-repeated',
    ])
  })

  test('keeps what the first one asked for, whatever it says itself', async () => {
    const { deps } = await startHarness()
    await provisionResource(deps, provisionRequest())
    await provisionResource(
      deps,
      provisionRequest({ plan: 'daily', options: { grace: '48h' }, name: 'renamed' }),
    )
    const row = await deps.db.selectFrom('resources').selectAll().executeTakeFirstOrThrow()
    expect(row).toMatchObject({
      plan: 'fortnightly',
      grace_period_seconds: null,
      name: 'securekey-solid-14332',
    })
  })

  test('twelve times at once makes one resource, one pair of keys and one use of the grant code', async () => {
    const h = await startHarness()
    await h.heroku.customer.createApp('service-1')
    const addon = await h.heroku.customer.createAddon({ app: 'service-1', plan: 'daily', copies: 12 })
    const answers = h.heroku.view.serviceCalls().map(({ status, answer }) => `${status} ${answer}`)
    expect(answers).toHaveLength(12)
    expect(new Set(answers).size).toBe(1)
    await expect.poll(() => kindsOf(h.deps, addon.id)).toContain('grant-exchanged')
    expect((await kindsOf(h.deps, addon.id)).toSorted()).toEqual([
      'grant-exchanged',
      'provision-repeated',
      'provisioned',
    ])
    // The exchange that one request began is over, so any other would be there by now, or is due at a tick.
    h.clock.advance(MINUTE)
    await h.worker().tick()
    expect(tokenCalls(h, 'authorization_code')).toHaveLength(1)
  })

  test('long after the first never uses the grant code again', async () => {
    const h = await startWithAddon()
    for (const waitMs of [0, 30 * MINUTE, 23 * HOUR]) {
      h.clock.advance(waitMs)
      expect((await h.heroku.customer.repeatProvision(h.addon.id)).status).toBe(200)
      await h.worker1.tick()
    }
    expect(tokenCalls(h, 'authorization_code')).toHaveLength(1)
  })

  test('after a rotation is answered with the pair that apps hold now', async () => {
    const h = await startWithAddon()
    h.clock.advance(23 * HOUR)
    await requestRotation(h.deps, {
      resourceId: h.addon.id,
      actor: { type: 'operator' },
      evenIfTooSoon: false,
    })
    await h.worker1.tick()
    const { json } = await h.heroku.customer.repeatProvision(h.addon.id)
    const { first, second } = keysOn(h)
    expect(json).toMatchObject({ config: { SECURE_KEY: `${first},${second}` } })
  })

  test('after deprovision is refused, and no key is made', async () => {
    const h = await startWithAddon()
    await h.heroku.customer.destroy({ addon: h.addon.name })
    await expect(
      provisionResource(h.deps, provisionRequest({ resourceId: h.addon.id })),
    ).rejects.toMatchObject({
      code: 'resource-gone',
    })
    expect(await stagesOf(h.deps, h.addon.id)).toEqual({ 1: 'retired', 2: 'retired' })
  })
})
