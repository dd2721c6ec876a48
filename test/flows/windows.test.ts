import { describe, expect, test } from 'vitest'
import { parseWindows } from '../../src/domain/windows.ts'
import { addFreeze, removeFreeze } from '../../src/flows/dashboard/freezes.ts'
import { requestRotation } from '../../src/flows/dashboard/request-rotation.ts'
import { revokeKeys } from '../../src/flows/dashboard/revoke-keys.ts'
import { setWindows } from '../../src/flows/dashboard/set-windows.ts'
import { freezeAll, readFreezesForAll, unfreezeAll } from '../../src/flows/operations/freeze-all.ts'
import { changePlan } from '../../src/flows/provisioning/change-plan.ts'
import { type HarnessWithAddon, pushes, startWithAddon } from '../support/addon.ts'
import { DAY, HOUR, MINUTE } from '../support/harness.ts'
import { endedRotations, kindsOf, stateOf } from '../support/resource.ts'

const actor = { type: 'operator' } as const

// The clock begins on Tuesday, 3 March 2026, at noon UTC. A fortnight later that is due again.
const SATURDAYS = 'sat 22:00-02:00 Europe/Berlin'
const FIRST_SATURDAY = new Date('2026-03-21T21:00:00Z')

function windows(h: HarnessWithAddon, text: string) {
  const read = parseWindows(text)
  if ('problem' in read) throw new Error(read.problem)
  return setWindows(h.deps, { resourceId: h.addon.id, actor, windows: read.windows })
}

function freeze(h: HarnessWithAddon, from: string, until: string) {
  const dates = { from, until, zone: 'UTC', reason: 'sale' }
  return addFreeze(h.deps, { resourceId: h.addon.id, actor, freeze: dates })
}

async function at(h: HarnessWithAddon, moment: Date | string): Promise<number> {
  h.clock.advance(new Date(moment).getTime() - h.clock.now().getTime())
  await h.worker1.tick()
  return pushes(h).length
}

async function dueDates(h: HarnessWithAddon): Promise<string[]> {
  return (await endedRotations(h.deps, h.addon.id)).map(({ rotation }) => rotation?.dueAt.toISOString() ?? '')
}

describe('a window', () => {
  test('serves a due date when it opens, and the next is counted from the due date', async () => {
    const h = await startWithAddon()
    expect(await windows(h, SATURDAYS)).toBe(true)
    expect(await windows(h, SATURDAYS)).toBe(false)
    expect(await at(h, '2026-03-17T12:00:00Z')).toBe(0)
    expect(await at(h, new Date(FIRST_SATURDAY.getTime() - MINUTE))).toBe(0)
    expect(await at(h, FIRST_SATURDAY)).toBe(1)
    expect((await stateOf(h.deps, h.addon.id)).nextRotationAt).toEqual(new Date('2026-03-31T12:00:00Z'))
    expect(await dueDates(h)).toEqual(['2026-03-17T12:00:00.000Z'])
    // In summer time.
    expect(await at(h, '2026-04-04T19:59:00Z')).toBe(1)
    expect(await at(h, '2026-04-04T20:00:00Z')).toBe(2)
  })

  test('that was missed is followed by the next one, by one rotation', async () => {
    const h = await startWithAddon()
    await windows(h, SATURDAYS)
    expect(await at(h, '2026-03-22T02:00:00Z')).toBe(0)
    expect(await at(h, '2026-03-28T20:59:00Z')).toBe(0)
    expect(await at(h, '2026-03-28T21:00:00Z')).toBe(1)
    expect(await at(h, '2026-03-28T22:00:00Z')).toBe(1)
    // Due on 31 March, and served a week later: within half a fortnight no schedule takes a key.
    expect(await at(h, '2026-04-04T20:00:00Z')).toBe(1)
    expect((await stateOf(h.deps, h.addon.id)).nextRotationAt).toEqual(new Date('2026-04-14T12:00:00Z'))
  })

  test('that opens once a week serves a weekly plan each week', async () => {
    const h = await startWithAddon()
    await changePlan(h.deps, { resourceId: h.addon.id, plan: 'weekly' })
    await windows(h, SATURDAYS)
    const sent = []
    for (const day of ['03-14T21', '03-21T21', '03-28T21', '04-04T20', '04-11T20']) {
      sent.push(await at(h, `2026-${day}:00:00Z`))
    }
    expect(sent).toEqual([1, 2, 3, 4, 5])
    expect(new Set(await dueDates(h)).size).toBe(5)
  })

  test('that opens more rarely than the plan rotates is refused with the sum', async () => {
    const h = await startWithAddon()
    await changePlan(h.deps, { resourceId: h.addon.id, plan: 'daily' })
    await expect(windows(h, SATURDAYS)).rejects.toMatchObject({
      code: 'invalid-option',
      message: expect.stringContaining('up to 6 days 20 hours pass'),
    })
  })

  test('that is set while a rotation is due holds it back, and one that is taken away lets it go', async () => {
    const h = await startWithAddon()
    h.clock.advance(14 * DAY)
    await windows(h, SATURDAYS)
    expect(await at(h, '2026-03-18T12:00:00Z')).toBe(0)
    await windows(h, 'any')
    expect(await at(h, '2026-03-18T12:00:00Z')).toBe(1)
  })

  test('does not hold back a person or a revoke', async () => {
    const h = await startWithAddon()
    await windows(h, SATURDAYS)
    await requestRotation(h.deps, { resourceId: h.addon.id, actor })
    expect(await at(h, '2026-03-04T12:00:00Z')).toBe(1)
    await revokeKeys(h.deps, { resourceId: h.addon.id, actor })
    expect(await at(h, '2026-03-05T12:00:00Z')).toBe(2)
  })

  test('is waited for by a filler too, and the old key is accepted until then', async () => {
    const h = await startWithAddon({ grace: '24h' })
    h.clock.advance(14 * DAY)
    await h.worker1.tick()
    await windows(h, SATURDAYS)
    expect(await at(h, '2026-03-19T12:00:00Z')).toBe(1)
    expect(await at(h, FIRST_SATURDAY)).toBe(2)
    expect(await kindsOf(h.deps, h.addon.id)).toContain('filler-published')
  })
})

describe('a rotation that failed inside its window', () => {
  async function failing(h: HarnessWithAddon) {
    await windows(h, SATURDAYS)
    h.heroku.faults.add({ match: { method: 'PATCH' }, kind: 'status', status: 503 })
    expect(await at(h, FIRST_SATURDAY)).toBe(1)
    h.heroku.faults.clear()
  }

  test('is not sent again outside, and with the same key in the next one', async () => {
    const h = await startWithAddon()
    await failing(h)
    const { pending } = (await stateOf(h.deps, h.addon.id)).keyset
    expect(await at(h, '2026-03-22T01:00:00Z')).toBe(1)
    expect(await at(h, '2026-03-28T20:59:00Z')).toBe(1)
    expect(await at(h, '2026-03-28T21:00:00Z')).toBe(2)
    expect((await stateOf(h.deps, h.addon.id)).keyset.current).toBe(pending)
  })

  test('is looked for outside, and promoted where it had arrived', async () => {
    const h = await startWithAddon()
    await windows(h, SATURDAYS)
    h.heroku.faults.add({ match: { method: 'PATCH' }, kind: 'status-after-write' })
    expect(await at(h, FIRST_SATURDAY)).toBe(1)
    expect(await at(h, '2026-03-22T01:00:00Z')).toBe(1)
    expect(await stateOf(h.deps, h.addon.id)).toMatchObject({ rotation: null, keyset: { current: 3 } })
  })

  test('goes on at once when a person presses for it, or when the windows are taken away', async () => {
    for (const press of ['rotate now', 'no windows']) {
      const h = await startWithAddon()
      await failing(h)
      expect(await at(h, '2026-03-22T01:00:00Z')).toBe(1)
      if (press === 'no windows') await windows(h, 'any')
      else {
        const asked = await requestRotation(h.deps, { resourceId: h.addon.id, actor })
        expect(asked).toMatchObject({ outcome: 'joined' })
      }
      expect(await at(h, '2026-03-22T01:00:01Z')).toBe(2)
    }
  })
})

describe('a freeze', () => {
  test('holds back what is due until it ends, and ends by itself', async () => {
    const h = await startWithAddon()
    await freeze(h, '2026-03-16', '2026-03-20')
    expect(await at(h, '2026-03-20T23:59:00Z')).toBe(0)
    expect(await at(h, '2026-03-21T00:00:00Z')).toBe(1)
    expect((await stateOf(h.deps, h.addon.id)).nextRotationAt).toEqual(new Date('2026-03-31T12:00:00Z'))
  })

  test('that is removed lets what is due go at once', async () => {
    const h = await startWithAddon()
    const { id } = await freeze(h, '2026-03-16', '2026-03-20')
    expect(await at(h, '2026-03-18T00:00:00Z')).toBe(0)
    expect(await removeFreeze(h.deps, { resourceId: h.addon.id, actor, id })).toMatchObject({ id })
    expect(await removeFreeze(h.deps, { resourceId: h.addon.id, actor, id })).toBeUndefined()
    expect(await at(h, '2026-03-18T00:00:00Z')).toBe(1)
  })

  test('holds back a rotation that a plan change makes due', async () => {
    const h = await startWithAddon()
    await freeze(h, '2026-03-04', '2026-03-20')
    h.clock.advance(5 * DAY)
    await changePlan(h.deps, { resourceId: h.addon.id, plan: 'daily' })
    // Nothing is under way: it has not begun.
    expect((await stateOf(h.deps, h.addon.id)).rotation).toBeNull()
    expect(await at(h, '2026-03-20T12:00:00Z')).toBe(0)
    expect(await at(h, '2026-03-21T00:00:00Z')).toBe(1)
    expect(await at(h, '2026-03-21T11:00:00Z')).toBe(1)
  })

  test('one more than twenty is refused', async () => {
    const h = await startWithAddon()
    for (let day = 1; day <= 20; day += 1)
      await freeze(h, `2026-04-${day}`.replace(/-(\d)$/, '-0$1'), '2026-04-30')
    await expect(freeze(h, '2026-05-01', '2026-05-02')).rejects.toMatchObject({ code: 'too-many' })
  })
})

describe('a freeze of the partner', () => {
  const SALE = { from: '2026-03-16', until: '2026-03-20', zone: 'UTC', reason: 'sale' }

  test('holds back what is due of all add-ons, and writes none of them', async () => {
    const h = await startWithAddon()
    const before = await stateOf(h.deps, h.addon.id)
    await freezeAll(h.deps, SALE)
    const { calendar, ...rest } = await stateOf(h.deps, h.addon.id)
    expect(calendar.freezesForAll).toMatchObject([{ reason: 'sale' }])
    expect(rest).toEqual({ ...before, calendar: undefined })
    expect(await at(h, '2026-03-20T23:59:00Z')).toBe(0)
    expect(await at(h, '2026-03-21T00:00:00Z')).toBe(1)
  })

  test('that is ended early lets what waited for it go at once', async () => {
    const h = await startWithAddon()
    const { id } = await freezeAll(h.deps, SALE)
    expect(await at(h, '2026-03-18T00:00:00Z')).toBe(0)
    expect(await readFreezesForAll(h.deps)).toHaveLength(1)
    expect(await unfreezeAll(h.deps, id)).toMatchObject({ woken: 1 })
    expect(await unfreezeAll(h.deps, id)).toBeUndefined()
    expect(await at(h, '2026-03-18T00:00:00Z')).toBe(1)
  })

  test('that is ended early lets a filler and a plan change go too, though the next date is behind it', async () => {
    const h = await startWithAddon({ grace: '24h' })
    expect(await at(h, '2026-03-17T12:00:00Z')).toBe(1)
    const first = await freezeAll(h.deps, { ...SALE, from: '2026-03-18', until: '2026-03-28' })
    expect(await at(h, '2026-03-19T12:00:00Z')).toBe(1)
    expect(await unfreezeAll(h.deps, first.id)).toMatchObject({ woken: 1 })
    expect(await at(h, '2026-03-19T12:00:00Z')).toBe(2)
    h.clock.advance(4 * DAY)
    await changePlan(h.deps, { resourceId: h.addon.id, plan: 'daily' })
    const second = await freezeAll(h.deps, { ...SALE, from: '2026-03-23', until: '2026-03-30' })
    expect(await at(h, '2026-03-23T13:00:00Z')).toBe(2)
    await unfreezeAll(h.deps, second.id)
    expect(await at(h, '2026-03-23T13:00:00Z')).toBe(3)
  })

  test('does not hold back a revoke', async () => {
    const h = await startWithAddon()
    await freezeAll(h.deps, { ...SALE, from: '2026-03-01' })
    await revokeKeys(h.deps, { resourceId: h.addon.id, actor })
    expect(await at(h, new Date(h.clock.now().getTime() + HOUR))).toBe(1)
  })
})
