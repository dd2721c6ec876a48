import { describe, expect, test } from 'vitest'
import { readKeyring } from '../../src/domain/keyring-var.ts'
import { openRotation } from '../../src/domain/resource-state.ts'
import { changeResource } from '../../src/flows/change-resource.ts'
import { announceNext } from '../../src/flows/dashboard/announce-next.ts'
import { requestRotation } from '../../src/flows/dashboard/request-rotation.ts'
import { revokeKeys } from '../../src/flows/dashboard/revoke-keys.ts'
import { setGracePeriod } from '../../src/flows/dashboard/set-grace-period.ts'
import { setTokenLife } from '../../src/flows/dashboard/set-token-life.ts'
import type { EndsEarly } from '../../src/flows/ends-early.ts'
import { changePlan } from '../../src/flows/provisioning/change-plan.ts'
import { callsTo, type HarnessWithAddon, keysOn, pushes, startWithAddon } from '../support/addon.ts'
import { DAY, HOUR, MINUTE } from '../support/harness.ts'
import { accepts, historyOf, stateOf, verify } from '../support/resource.ts'

const actor = { type: 'operator' } as const
const about = (h: HarnessWithAddon) => ({ resourceId: h.addon.id, actor })
const keyringOn = (h: HarnessWithAddon) =>
  readKeyring(h.heroku.view.configVars('service-1').SECURE_KEYRING ?? '')?.keyring
const setLife = (h: HarnessWithAddon, tokenLifeMs: number | null, confirm?: string) =>
  setTokenLife(h.deps, { ...about(h), tokenLifeMs, confirm })

/** Served on their dates, a minute late each. */
async function rotations(h: HarnessWithAddon, count: number, days: number): Promise<string[]> {
  const signed: string[] = []
  for (let served = 0; served < count; served += 1) {
    signed.push(keysOn(h).first)
    h.clock.advance(days * DAY)
    await h.worker1.tick()
  }
  return signed
}

/** Rotates at once, and says whether it did. */
async function byHand(h: HarnessWithAddon, confirm?: string) {
  const asked = await requestRotation(h.deps, { ...about(h), evenIfTooSoon: true, confirm })
  await h.worker1.tick()
  return asked
}

function asked(outcome: unknown): EndsEarly {
  if (typeof outcome !== 'object' || outcome === null || !('confirm' in outcome)) {
    throw new Error('nobody asked first')
  }
  return outcome as EndsEarly
}

describe('an add-on that was made with --token-life 30d', () => {
  test('accepts for 30 days what each key signed until it gave way, by keys in the keyring that apps read', async () => {
    const h = await startWithAddon({ plan: 'weekly', tokenLife: '30d' })
    expect(keyringOn(h)?.goodForSeconds).toBe(30 * 86_400)
    const [first = '', second = ''] = await rotations(h, 5, 7)
    expect(
      keyringOn(h)?.keys.map(({ use, key }) => `${use} ${key === undefined ? 'in SECURE_KEY' : ''}`),
    ).toEqual(['sign in SECURE_KEY', 'verify in SECURE_KEY', 'verify ', 'verify ', 'verify ', 'verify '])
    const oldest = keyringOn(h)?.keys.at(-1)
    expect(oldest?.key).toBe(first)
    // It gave way on the seventh day.
    const provisionedAt = h.clock.now().getTime() - 35 * DAY
    expect(oldest?.until?.getTime()).toBeGreaterThanOrEqual(provisionedAt + 37 * DAY)
    h.clock.advance(2 * DAY)
    await h.worker1.tick()
    expect(await accepts(h.deps, h.addon.id, first)).toBe(true)
    h.clock.advance(7 * HOUR)
    await h.worker1.tick()
    expect(await verify(h.deps, h.addon.id, first)).toMatchObject({ outcome: 'retired' })
    expect(await accepts(h.deps, h.addon.id, second)).toBe(true)
    // Erased on time, and nobody restarts for that.
    const stored = await h.deps.db.selectFrom('sealed_keys').selectAll().execute()
    expect(stored).toHaveLength(5)
    expect(pushes(h)).toHaveLength(5)
    expect((await historyOf(h.deps, h.addon.id)).at(-1)).toMatchObject({ kind: 'keys-erased', erased: [2] })
  })

  test('says so in its history, and keeps an old key for a longer grace period', async () => {
    const h = await startWithAddon({ plan: 'fortnightly', tokenLife: '30d', grace: '40d' })
    expect((await historyOf(h.deps, h.addon.id))[0]?.details).toMatchObject({
      tokenLife: '30d',
      gracePeriod: '40d',
    })
    const [first = ''] = await rotations(h, 3, 14)
    h.clock.advance(11 * DAY)
    await h.worker1.tick()
    expect(await accepts(h.deps, h.addon.id, first)).toBe(true)
    h.clock.advance(2 * DAY)
    await h.worker1.tick()
    expect(await accepts(h.deps, h.addon.id, first)).toBe(false)
  })

  test('is not made where that takes more keys than there is room for', async () => {
    await expect(startWithAddon({ plan: 'daily', tokenLife: '30d' })).rejects.toThrow(
      'The option --token-life 30d needs 31 keys when they rotate every 1d, and at most 8 are kept: the plan weekly takes 6, the plan fortnightly takes 4, this plan keeps them for 7d at most.',
    )
  })

  test('is put on no plan that rotates too often for it, and on any other', async () => {
    const h = await startWithAddon({ plan: 'fortnightly', tokenLife: '30d' })
    const change = (plan: string) => changePlan(h.deps, { resourceId: h.addon.id, plan })
    await expect(change('daily')).rejects.toMatchObject({
      code: 'invalid-option',
      message: expect.stringContaining('On that plan it needs 31 keys'),
    })
    expect(await change('weekly')).toMatchObject({ outcome: 'plan-changed' })
    expect(await change('monthly')).toMatchObject({ outcome: 'plan-changed' })
  })
})

describe('a life that is stated of an add-on that is running', () => {
  test('holds for what its keys sign from then on and for old keys that are there, and brings back none that is gone', async () => {
    const h = await startWithAddon({ plan: 'weekly' })
    const [gone = '', old = ''] = await rotations(h, 2, 7)
    const { first: current } = keysOn(h)
    expect(await setLife(h, 30 * DAY)).toBe(true)
    expect(await setLife(h, 30 * DAY)).toBe(false)
    expect(pushes(h)).toHaveLength(2)
    await rotations(h, 4, 7)
    const accepted = [gone, old, current].map((key) => accepts(h.deps, h.addon.id, key))
    expect(await Promise.all(accepted)).toEqual([false, true, true])
    expect(keyringOn(h)?.keys.map(({ key }) => key)).toContain(old)
  })

  test('that gets shorter says which keys end sooner, and waits until that is confirmed', async () => {
    const h = await startWithAddon({ plan: 'weekly', tokenLife: '30d' })
    const [first = ''] = await rotations(h, 4, 7)
    const before = await stateOf(h.deps, h.addon.id)
    const { ends, confirm } = asked(await setLife(h, 10 * DAY))
    const kids = keyringOn(h)?.keys.map(({ kid }) => kid) ?? []
    expect(ends.map(({ fingerprint }) => fingerprint)).toEqual(kids)
    expect(confirm).toBe(kids.join())
    expect(ends[0]).toMatchObject({ from: null, instead: null })
    expect(ends.at(-1)).toMatchObject({ from: h.clock.now() })
    expect(await stateOf(h.deps, h.addon.id)).toEqual(before)
    asked(await setLife(h, 10 * DAY, kids.slice(1).join()))
    // A rotation since then: what was shown is not what would end.
    await rotations(h, 1, 7)
    asked(await setLife(h, 10 * DAY, confirm))
    const again = asked(await setLife(h, 10 * DAY))
    expect(await setLife(h, 10 * DAY, again.confirm.toUpperCase())).toBe(true)
    await h.worker1.tick()
    expect(await accepts(h.deps, h.addon.id, first)).toBe(false)
    expect((await stateOf(h.deps, h.addon.id)).keyset.older).toHaveLength(1)
    expect(
      (await historyOf(h.deps, h.addon.id)).find(({ kind }) => kind === 'token-life-changed'),
    ).toMatchObject({
      details: { from: '30d', to: '10d' },
    })
  })

  test('that is taken back leaves what the grace period leaves', async () => {
    const h = await startWithAddon({ plan: 'weekly', tokenLife: '30d' })
    const [, , , second = ''] = await rotations(h, 4, 7)
    expect(await setLife(h, null, asked(await setLife(h, null)).confirm)).toBe(true)
    await h.worker1.tick()
    const { keyset } = await stateOf(h.deps, h.addon.id)
    expect(keyset.older).toEqual([])
    expect(keysOn(h).second).toBe(second)
    await rotations(h, 1, 7)
    expect(keyringOn(h)?.keys).toHaveLength(2)
    expect(keyringOn(h)?.goodForSeconds).toBe(3.5 * 86_400)
  })

  test('that takes more keys than there is room for is refused, as is a grace period that does', async () => {
    const h = await startWithAddon({ plan: 'weekly' })
    await expect(setLife(h, 90 * DAY)).rejects.toMatchObject({
      message: expect.stringMatching(/^A token life of 90d needs 14 keys .* at most 8 are kept/),
    })
    await setLife(h, 30 * DAY)
    const grace = { until: 'elapsed', ms: 60 * DAY } as const
    await expect(setGracePeriod(h.deps, { ...about(h), grace })).rejects.toMatchObject({
      message: expect.stringMatching(/^A grace period of 60d needs 10 keys/),
    })
  })

  test('is not shortened by a grace period that is shorter', async () => {
    const h = await startWithAddon({ plan: 'weekly', tokenLife: '30d' })
    const [first = ''] = await rotations(h, 1, 7)
    await setGracePeriod(h.deps, { ...about(h), grace: { until: 'elapsed', ms: 2 * HOUR } })
    h.clock.advance(6 * DAY)
    await h.worker1.tick()
    expect(keysOn(h).second).toBe(first)
    expect(pushes(h)).toHaveLength(1)
  })
})

describe('where eight keys are just enough', () => {
  async function startFull() {
    const h = await startWithAddon({ plan: 'daily', tokenLife: '7d' })
    const signed = await rotations(h, 7, 1)
    expect(keyringOn(h)?.keys).toHaveLength(8)
    return { h, signed }
  }

  test('a rotation by hand says which key would go and since when that is needed, and waits for that to be confirmed', async () => {
    const { h, signed } = await startFull()
    const { ends, confirm } = asked(await byHand(h))
    expect(ends).toMatchObject([{ fingerprint: keyringOn(h)?.keys.at(-1)?.kid, from: h.clock.now() }])
    expect(ends[0]?.instead?.getTime()).toBeGreaterThan(h.clock.now().getTime())
    expect(pushes(h)).toHaveLength(7)
    expect(await accepts(h.deps, h.addon.id, signed[0] ?? '')).toBe(true)
    expect(await byHand(h, confirm)).toMatchObject({ outcome: 'requested' })
    expect(pushes(h)).toHaveLength(8)
    expect(await accepts(h.deps, h.addon.id, signed[0] ?? '')).toBe(false)
    expect(await accepts(h.deps, h.addon.id, signed[1] ?? '')).toBe(true)
    expect(
      (await historyOf(h.deps, h.addon.id)).findLast(({ kind }) => kind === 'rotation-requested'),
    ).toMatchObject({
      details: { endsEarly: confirm },
    })
  })

  test('the schedule waits until nothing lives any more that the oldest key has signed, and then goes', async () => {
    const h = await startWithAddon({ plan: 'daily', tokenLife: '7d' })
    // The first rotation is half a day late, the others are on time.
    h.clock.advance(DAY + 11 * HOUR)
    const oldest = keysOn(h).first
    await h.worker1.tick()
    h.clock.advance(13 * HOUR)
    await h.worker1.tick()
    await rotations(h, 5, 1)
    expect(pushes(h)).toHaveLength(7)
    h.clock.advance(DAY)
    await h.worker1.tick()
    expect(pushes(h)).toHaveLength(7)
    expect(await accepts(h.deps, h.addon.id, oldest)).toBe(true)
    h.clock.advance(11 * HOUR - MINUTE)
    await h.worker1.tick()
    expect(pushes(h)).toHaveLength(7)
    const looked = callsTo(h, 'GET', '/config').length
    h.clock.advance(2 * MINUTE)
    await h.worker1.tick()
    expect(pushes(h)).toHaveLength(8)
    expect(keyringOn(h)?.keys).toHaveLength(8)
    // It was put off, and not late: nothing was read before the push.
    expect(callsTo(h, 'GET', '/config')).toHaveLength(looked)
  })

  test('a plan change that makes a rotation due waits as the schedule does, and "rotate now" asks first', async () => {
    const h = await startWithAddon({ plan: 'fortnightly', tokenLife: '42d' })
    // The keyring is full after a morning of rotations by hand.
    for (let pressed = 0; pressed < 7; pressed += 1) await byHand(h)
    expect(keyringOn(h)?.keys).toHaveLength(8)
    h.clock.advance(8 * DAY)
    await changePlan(h.deps, { resourceId: h.addon.id, plan: 'weekly' })
    await h.worker1.tick()
    expect(pushes(h)).toHaveLength(7)
    expect(await stateOf(h.deps, h.addon.id)).toMatchObject({ rotation: null })
    expect(asked(await byHand(h)).ends).toHaveLength(1)
    h.clock.advance(34 * DAY + MINUTE)
    await h.worker1.tick()
    expect(pushes(h)).toHaveLength(8)
  })

  test('a rotation of a plan change that waits already waits for a longer life as well, and "rotate now" asks first', async () => {
    const h = await startWithAddon({ plan: 'fortnightly' })
    await setLife(h, 7 * DAY)
    for (let pressed = 0; pressed < 7; pressed += 1) await byHand(h)
    h.clock.advance(7 * DAY - HOUR)
    const at = h.clock.now()
    const opened = { reason: 'plan-change', dueAt: at, openedBy: actor } as const
    await changeResource(h.deps, about(h), ({ stored: { state } }) => {
      return { outcome: true, to: openRotation(state, opened, at) }
    })
    const { confirm } = asked(await byHand(h))
    expect(pushes(h)).toHaveLength(7)
    expect(await byHand(h, confirm)).toMatchObject({ outcome: 'joined' })
    expect(pushes(h)).toHaveLength(8)
  })

  test('the next key is not announced', async () => {
    const { h } = await startFull()
    await expect(announceNext(h.deps, { ...about(h), on: true })).rejects.toMatchObject({
      message: expect.stringContaining('needs 9 keys, the announced one included'),
    })
  })

  test('a revoke goes all the same, and ends them all', async () => {
    const { h, signed } = await startFull()
    await revokeKeys(h.deps, about(h))
    for (const key of signed) expect(await accepts(h.deps, h.addon.id, key)).toBe(false)
    await h.worker1.tick()
    expect(keyringOn(h)?.keys).toHaveLength(1)
  })
})
