import { describe, expect, test } from 'vitest'
import { DAY } from '../support/harness.ts'
import { historyOf } from '../support/resource.ts'
import { sharedApi, startApi } from './support/api.ts'

/** For requests that are refused. */
const shared = sharedApi()

const CHRISTMAS = { from: '2026-03-16', until: '2026-03-22', zone: 'Europe/Berlin', reason: 'sale\u0007' }

describe('windows', () => {
  test('are set, and answered with the next five dates, which are when the worker serves them', async () => {
    const h = await startApi()
    const call = await h.callerWith('read', 'rotate')
    const window = 'sat 22:00-02:00 Europe/Berlin'
    const { body } = await call('PUT', '/window', { body: { window } })
    const dates = ['03-21T21', '04-04T20', '04-18T20', '05-02T20', '05-16T20'].map(
      (day) => `2026-${day}:00:00.000Z`,
    )
    expect(body).toMatchObject({
      changed: true,
      next_rotation_at: dates[0],
      next_rotations: dates,
      policy: { windows: window },
    })
    expect((await call('PUT', '/window', { body: { window } })).body.changed).toBe(false)
    for (const [index, date] of dates.entries()) {
      const { body: told } = await call('GET', '/resource')
      expect(told).toMatchObject({ next_rotation_at: date, policy: { windows: window } })
      h.clock.advance(new Date(date).getTime() - h.clock.now().getTime() - 1_000)
      await h.worker1.tick()
      expect((await historyOf(h.deps, h.addon.id)).filter(({ kind }) => kind === 'rotated')).toHaveLength(
        index,
      )
      h.clock.advance(1_000)
      await h.worker1.tick()
      expect((await historyOf(h.deps, h.addon.id)).filter(({ kind }) => kind === 'rotated')).toHaveLength(
        index + 1,
      )
    }
  })

  test.each([
    ['sometimes', 'must be days, times and a time zone'],
    ['tue 09:00-12:00 Berlin', 'IANA time zone'],
  ])('%s is refused with a sentence', async (window, detail) => {
    const call = await (await shared()).callerWith('rotate')
    const { status, body } = await call('PUT', '/window', { body: { window } })
    expect(status).toBe(422)
    expect(body.detail).toContain(detail)
  })

  test.each(['', ' ', ' ; '])('are not taken away by %j, but by the word any', async (window) => {
    const h = await shared()
    const call = await h.callerWith('rotate')
    await call('PUT', '/window', { body: { window: 'daily 09:00-12:00 UTC' } })
    expect((await call('PUT', '/window', { body: { window } })).status).toBe(422)
    const { body } = await call('PUT', '/window', { body: { window: 'any' } })
    expect(body).toMatchObject({ changed: true, policy: { windows: 'any' } })
  })

  test('are changed by no token that may only read', async () => {
    const call = await (await shared()).callerWith('read')
    expect((await call('PUT', '/window', { body: { window: 'any' } })).status).toBe(403)
    expect((await call('POST', '/freezes', { body: CHRISTMAS })).status).toBe(403)
  })
})

describe('a freeze', () => {
  test('is added, listed, counted in and removed, and the history names the token', async () => {
    const h = await startApi()
    const call = await h.callerWith('read', 'rotate')
    const added = await call('POST', '/freezes', { body: CHRISTMAS })
    expect(added.status).toBe(201)
    expect(added.body).toMatchObject({
      from: '2026-03-15T23:00:00.000Z',
      until: '2026-03-22T23:00:00.000Z',
      zone: 'Europe/Berlin',
      reason: 'sale',
      of: 'add-on',
    })
    expect((await call('GET', '/freezes')).body).toEqual({ freezes: [added.body] })
    expect((await call('GET', '/resource')).body).toMatchObject({
      next_rotation_at: '2026-03-22T23:00:00.000Z',
      next_rotation_due_at: '2026-03-17T12:00:00.000Z',
    })
    const removed = await call('DELETE', `/freezes/${added.body.id}`)
    expect(removed.body).toEqual(added.body)
    expect((await call('DELETE', `/freezes/${added.body.id}`)).status).toBe(404)
    expect((await call('GET', '/resource')).body.next_rotation_at).toBe('2026-03-17T12:00:00.000Z')
    const told = (await historyOf(h.deps, h.addon.id)).filter(({ kind }) => kind.startsWith('freeze-'))
    expect(told).toMatchObject([
      { kind: 'freeze-added', actor: { type: 'token' }, details: { reason: 'sale' } },
      { kind: 'freeze-removed', actor: { type: 'token' } },
    ])
  })

  test('that is over is not listed any more', async () => {
    const h = await startApi()
    const call = await h.callerWith('read', 'rotate')
    await call('POST', '/freezes', { body: CHRISTMAS })
    h.clock.advance(25 * DAY)
    expect((await call('GET', '/freezes')).body).toEqual({ freezes: [] })
  })

  test('is one of twenty at the most, as a list that is full says everywhere', async () => {
    const h = await startApi()
    const call = await h.callerWith('rotate')
    for (let added = 0; added < 20; added += 1) await call('POST', '/freezes', { body: CHRISTMAS })
    expect(await call('POST', '/freezes', { body: CHRISTMAS })).toMatchObject({
      status: 409,
      body: { type: 'urn:securekey:problem:too-many', detail: expect.stringContaining('20 freezes') },
    })
  })

  test.each([
    [{ ...CHRISTMAS, until: '2026-03-01' }, 'must end after it begins'],
    [{ ...CHRISTMAS, zone: 'Berlin' }, 'IANA time zone'],
    [{ ...CHRISTMAS, until: '2028-03-01' }, 'not be longer than a year'],
  ])('%j is refused with a sentence', async (body, detail) => {
    const call = await (await shared()).callerWith('rotate')
    const answer = await call('POST', '/freezes', { body })
    expect(answer.status).toBe(422)
    expect(answer.body.detail).toContain(detail)
  })
})
