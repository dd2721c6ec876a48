import { afterEach, describe, expect, test } from 'vitest'
import { ANY_TIME, serveAt } from '../../src/domain/calendar.ts'
import { addFreeze } from '../../src/flows/dashboard/freezes.ts'
import { requestRotation, resumeRotation } from '../../src/flows/dashboard/request-rotation.ts'
import { revokeKeys } from '../../src/flows/dashboard/revoke-keys.ts'
import { changePlan } from '../../src/flows/provisioning/change-plan.ts'
import { lockAppsOf, noteApps } from '../../src/store/resource-apps.ts'
import { createWorker } from '../../src/worker/worker.ts'
import { window, windowsOf } from '../engine/support/calendars.ts'
import { untilSomeWait } from '../engine/support/locks.ts'
import { tickOf } from '../engine/support/ticks.ts'
import { DAY, HOUR, MINUTE, SECOND } from '../support/harness.ts'
import { kindsOf, stateOf } from '../support/resource.ts'
import { addonsOn, liveUntil, restartsOf } from '../support/restarts.ts'
import { sharedHarness } from '../support/shared-harness.ts'

const actor = { type: 'operator' } as const
const harness = sharedHarness({ env: { SPREAD_RESTARTS: '1h', CHECK_EVERY: '60d' } })

const inMs = (ms: number) => new Date(harness().clock.now().getTime() + ms)
const tick = () => tickOf(harness().deps)
const turnOf = async (id: string) => (await stateOf(harness().deps, id)).turn
let apps = 0
function nextApp(): string {
  apps += 1
  return `shop-${apps}`
}

/** Restarts of an app, counted from a moment. */
function restartsMs(app: string, from: Date): number[] {
  return restartsOf(harness(), app).map((at) => at.getTime() - from.getTime())
}

/** Due at this moment, one of them at least. */
async function dueOn(app: string, count: number, options: Parameters<typeof addonsOn>[3] = {}) {
  const h = harness()
  const addons = await addonsOn(h, app, count, { apartMs: 0, ...options })
  h.clock.advance(14 * DAY)
  return { addons, due: h.clock.now() }
}

/** What a test has left behind must not wake in the next. */
afterEach(async () => {
  const { heroku } = harness()
  for (const { name } of heroku.view.apps()) await heroku.customer.destroyApp(name)
  heroku.faults.clear()
})

describe('add-ons on one app that are due together', () => {
  test('restart it an hour apart, in the order in which they are due, and no date drifts', async () => {
    const [h, app, start] = [harness(), nextApp(), harness().clock.now()]
    const addons = await addonsOn(h, app, 3)
    await liveUntil(h, inMs(14 * DAY + 5 * HOUR), tick)
    expect(restartsMs(app, start)).toEqual([0, HOUR, 2 * HOUR].map((ms) => 14 * DAY + ms))
    for (const [index, { id }] of addons.entries()) {
      const { turn, nextRotationAt } = await stateOf(h.deps, id)
      expect(turn).toBeNull()
      expect(nextRotationAt).toEqual(new Date(start.getTime() + 28 * DAY + index * SECOND))
    }
  })

  test('do so after an outage of days, and each is rotated once', async () => {
    const [h, app] = [harness(), nextApp()]
    const { addons } = await dueOn(app, 4)
    h.clock.advance(3 * DAY)
    const back = h.clock.now()
    await liveUntil(h, inMs(5 * HOUR), tick)
    expect(restartsMs(app, back)).toEqual([0, HOUR, 2 * HOUR, 3 * HOUR])
    for (const { id } of addons)
      expect((await kindsOf(h.deps, id)).filter((kind) => kind === 'rotated')).toHaveLength(1)
  })

  test('one goes where two workers claim them in the same moment; the other costs no attempt', async () => {
    const [h, app] = [harness(), nextApp()]
    const { addons, due } = await dueOn(app, 2)
    const others = await h.anotherProcess()
    const one = { concurrency: 1, claimLimit: 1, clockOffsetMs: async () => 0 }
    await Promise.all([createWorker(h.deps, one).tick(), createWorker(others, one).tick()])
    expect(restartsMs(app, due)).toEqual([0])
    const states = await Promise.all(addons.map(({ id }) => stateOf(h.deps, id)))
    const waiting = states.filter(({ turn }) => turn)
    expect(waiting).toMatchObject([
      { turn: { at: new Date(due.getTime() + HOUR), app, last: false }, attempts: 0, failures: [] },
    ])
    expect(waiting[0]?.wakeAt).toEqual(new Date(due.getTime() + HOUR))
    expect(waiting[0]?.claimedUntil).toBeNull()
  })

  test('ask for their turns one after another: whoever asks meanwhile waits, and finds the turn that was taken', async () => {
    const [h, app] = [harness(), nextApp()]
    const addons = await addonsOn(h, app, 2, { apartMs: 0 })
    const [one, two] = addons.map(({ id }) => id) as [string, string]
    // It is known that both are on it.
    for (const resourceId of [one, two]) await requestRotation(h.deps, { resourceId, actor })
    await tick()
    h.clock.advance(14 * DAY)
    const now = h.clock.now()
    await h.deps.db.updateTable('keysets').set({ wake_at: null }).where('resource_id', '=', one).execute()
    const taken = JSON.stringify({ since: now, at: now, app, last: false })
    const ticking = await h.deps.db.transaction().execute(async (trx) => {
      await lockAppsOf(trx, one)
      const work = tick()
      await untilSomeWait(h.deps.db)
      await trx.updateTable('keysets').set({ turn: taken }).where('resource_id', '=', one).execute()
      return { work }
    })
    await ticking.work
    expect(restartsMs(app, now).filter((ms) => ms >= 0)).toEqual([])
    expect((await turnOf(two))?.at).toEqual(new Date(now.getTime() + HOUR))
  })

  test('cost no call beside those of a rotation, but for one question in the life of each', async () => {
    const [h, app] = [harness(), nextApp()]
    const before = h.heroku.view.apiCalls().length
    const { addons } = await dueOn(app, 3)
    await liveUntil(h, inMs(5 * HOUR), tick)
    const callsOf = (id: string) =>
      h.heroku.view
        .apiCalls()
        .slice(before)
        .filter(({ path }) => path.includes(id))
        .map(({ method, path }) => `${method} ${path.split('/').at(-1)}`)
    const ROTATION = ['GET addon-attachments', 'PATCH config']
    // And the look an hour after it.
    for (const { id } of addons) expect(callsOf(id)).toEqual([...ROTATION, 'GET config'])
  })

  test('are late by less than half a period, however many they are, and keep their dates', async () => {
    const [h, app] = [harness(), nextApp()]
    const { addons, due } = await dueOn(app, 14, { plan: 'daily' })
    await liveUntil(h, inMs(9 * HOUR), tick)
    // It was due for a fortnight; a third of a day is what the others leave to each.
    const lateMs = restartsMs(app, due).slice(0, 14)
    expect(lateMs).toHaveLength(14)
    expect(Math.max(...lateMs)).toBeLessThanOrEqual(8 * HOUR)
    expect(lateMs.slice(0, 4)).toEqual([0, HOUR, 2 * HOUR, 3 * HOUR].map(() => expect.any(Number)))
    for (const { id } of addons)
      expect((await kindsOf(h.deps, id)).filter((kind) => kind === 'rotated')).toHaveLength(1)
  })
})

describe('a turn', () => {
  test('is not waited for by a person, whose restart the schedule waits for', async () => {
    const [h, app] = [harness(), nextApp()]
    const { addons, due } = await dueOn(app, 3)
    await tick()
    const ids = addons.map(({ id }) => id)
    const turns = new Map(
      await Promise.all(ids.map(async (id) => [id, (await turnOf(id))?.at.getTime() ?? 0] as const)),
    )
    const [first = '', second = '', third = ''] = ids.toSorted(
      (a, b) => (turns.get(a) ?? 0) - (turns.get(b) ?? 0),
    )
    h.clock.advance(30 * MINUTE)
    await requestRotation(h.deps, { resourceId: second, actor, evenIfTooSoon: true })
    await revokeKeys(h.deps, { resourceId: first, actor })
    await tick()
    expect(restartsMs(app, due)).toEqual([0, 30 * MINUTE, 30 * MINUTE])
    await liveUntil(h, inMs(3 * HOUR), tick)
    expect(restartsMs(app, due).slice(3)).toEqual([2 * HOUR])
    expect(await kindsOf(h.deps, third)).toContain('rotated')
  })

  test('that is waited for ends where a person presses', async () => {
    const [h, app] = [harness(), nextApp()]
    const { addons, due } = await dueOn(app, 2)
    await tick()
    const waiting = await Promise.all(addons.map(async ({ id }) => ((await turnOf(id)) ? id : undefined)))
    const id = waiting.find((each) => each !== undefined) ?? ''
    expect(await requestRotation(h.deps, { resourceId: id, actor })).toMatchObject({ outcome: 'requested' })
    await tick()
    expect(restartsMs(app, due)).toEqual([0, 0])
  })

  test('of a rotation that is under way ends too where a person presses', async () => {
    const [h, app] = [harness(), nextApp()]
    const addons = await addonsOn(h, app, 2, { plan: 'monthly' })
    h.clock.advance(8 * DAY)
    const now = h.clock.now()
    for (const { id } of addons) await changePlan(h.deps, { resourceId: id, plan: 'weekly' })
    await tick()
    expect(restartsMs(app, now)).toEqual([0])
    const waiting = await Promise.all(addons.map(async ({ id }) => ((await turnOf(id)) ? id : undefined)))
    const id = waiting.find((each) => each !== undefined) ?? ''
    expect(await requestRotation(h.deps, { resourceId: id, actor })).toMatchObject({ outcome: 'joined' })
    await tick()
    expect(restartsMs(app, now)).toEqual([0, 0])
  })

  test('is waited for by a plan change that makes a rotation due, and by a filler', async () => {
    const [h, app] = [harness(), nextApp()]
    const [other] = await addonsOn(h, app, 1)
    const [filling] = await addonsOn(h, app, 1, { options: { grace: '24h' } })
    const [changing] = await addonsOn(h, app, 1, { plan: 'monthly' })
    // All have restarted it once, so it is known that they are on it.
    const all = [other, filling, changing].map((each) => each?.id ?? '')
    for (const resourceId of all) await requestRotation(h.deps, { resourceId, actor })
    await tick()
    h.clock.advance(8 * DAY)
    const now = h.clock.now()
    const before = restartsOf(h, app).length
    await requestRotation(h.deps, { resourceId: other?.id ?? '', actor })
    await changePlan(h.deps, { resourceId: changing?.id ?? '', plan: 'weekly' })
    await liveUntil(h, inMs(3 * HOUR), tick)
    expect(restartsMs(app, now).slice(before)).toEqual([0, HOUR, 2 * HOUR])
  })

  test('is not held by one whose pushes fail: others go on', async () => {
    const [h, app] = [harness(), nextApp()]
    const [failing] = await addonsOn(h, app, 1, { apartMs: MINUTE })
    const [other] = await addonsOn(h, app, 1)
    h.clock.advance(14 * DAY - MINUTE - SECOND)
    const due = h.clock.now()
    const match = { method: 'PATCH', addon: failing?.id ?? '' }
    h.heroku.faults.add({ match, kind: 'status', status: 422, times: 1_000 })
    await liveUntil(h, inMs(4 * HOUR), tick)
    expect(restartsMs(app, due)).toHaveLength(1)
    expect(await kindsOf(h.deps, other?.id ?? '')).toContain('rotated')
  })

  test('is not held by one whose rotation by hand cannot go: others go on', async () => {
    const [h, app] = [harness(), nextApp()]
    const [one, two] = (await addonsOn(h, app, 2, { apartMs: 0 })).map(({ id }) => id) as [string, string]
    // It is known that both are on it.
    for (const resourceId of [one, two]) await requestRotation(h.deps, { resourceId, actor })
    await tick()
    h.clock.advance(14 * DAY)
    const due = h.clock.now()
    await h.deps.db
      .updateTable('keysets')
      .set({ foreign_since: due })
      .where('resource_id', '=', one)
      .execute()
    await requestRotation(h.deps, { resourceId: one, actor })
    await h.deps.db
      .updateTable('keysets')
      .set({ wake_at: inMs(DAY) })
      .where('resource_id', '=', one)
      .execute()
    await tick()
    expect(await stateOf(h.deps, one)).toMatchObject({ rotation: { reason: 'manual' }, attempts: 0 })
    expect(restartsMs(app, due).filter((ms) => ms >= 0)).toEqual([0])
    expect((await kindsOf(h.deps, two)).filter((kind) => kind === 'rotated')).toHaveLength(2)
  })

  test('is waited for anew by an attempt that is made again, where somebody has restarted the app meanwhile', async () => {
    const [h, app] = [harness(), nextApp()]
    const [failing] = await addonsOn(h, app, 1, { apartMs: MINUTE })
    const [other] = await addonsOn(h, app, 1)
    h.clock.advance(14 * DAY - MINUTE - SECOND)
    const due = h.clock.now()
    h.heroku.faults.add({ match: { method: 'PATCH', addon: failing?.id ?? '' }, kind: 'status', status: 503 })
    await tick()
    h.clock.advance(5 * SECOND)
    await requestRotation(h.deps, { resourceId: other?.id ?? '', actor })
    await tick()
    await liveUntil(h, inMs(2 * HOUR), tick)
    expect(restartsMs(app, due)).toEqual([5 * SECOND, HOUR + 5 * SECOND])
    expect(await stateOf(h.deps, failing?.id ?? '')).toMatchObject({ attempts: 0, turn: null })
  })

  test('counts a push that Heroku has taken though it answered that it had not', async () => {
    const [h, app] = [harness(), nextApp()]
    const [unsure] = await addonsOn(h, app, 1, { apartMs: MINUTE })
    await addonsOn(h, app, 1)
    h.clock.advance(14 * DAY - MINUTE - SECOND)
    const due = h.clock.now()
    // Neither the push nor the looks that follow get an answer, so it is found out late.
    const match = { addon: unsure?.id ?? '', path: '/config' }
    h.heroku.faults.add({ match: { ...match, method: 'PATCH' }, kind: 'status-after-write' })
    h.heroku.faults.add({ match: { ...match, method: 'GET' }, kind: 'status', status: 503, times: 4 })
    await liveUntil(h, inMs(3 * HOUR), tick)
    const [first, second] = restartsMs(app, due)
    expect(first).toBe(0)
    expect(second).toBeGreaterThanOrEqual(HOUR)
  })

  test('counts a repair of the config var, which waits for nobody itself', async () => {
    const [h, app] = [harness(), nextApp()]
    const { addons, due } = await dueOn(app, 2)
    await tick()
    const waiting = await Promise.all(addons.map(async ({ id }) => ((await turnOf(id)) ? id : undefined)))
    const repaired = addons.find(({ id }) => !waiting.includes(id))
    h.heroku.faults.add({
      match: { method: 'GET', addon: repaired?.id ?? '', path: '/config' },
      kind: 'status',
      status: 200,
      body: [],
    })
    // The look comes an hour after the push, as does the turn of the other; so somebody has it made earlier.
    const at = inMs(30 * MINUTE)
    await h.deps.db
      .updateTable('keysets')
      .set({ check_at: at, wake_at: at })
      .where('resource_id', '=', repaired?.id ?? '')
      .execute()
    await liveUntil(h, inMs(3 * HOUR), tick)
    expect(restartsMs(app, due)).toEqual([0, 30 * MINUTE, 90 * MINUTE])
  })

  test('counts a restart for the config var of an endpoint', async () => {
    const [h, app] = [harness(), nextApp()]
    const { addons, due } = await dueOn(app, 2)
    const [one, other] = addons.map(({ id }) => id)
    const sent = [new Date(due.getTime() - 30 * MINUTE).toISOString()]
    const known = h.heroku.view.apps().filter(({ name }) => name === app)
    await noteApps(h.deps.db, one ?? '', known)
    await h.deps.db
      .insertInto('private_links')
      .values({
        resource_id: one ?? '',
        region: 'us-east-1',
        nlb_arn: 'arn',
        client_token: 'token',
        asked_at: due,
        published: JSON.stringify({ how: 'each', vars: {}, sent }),
      })
      .execute()
    await h.deps.db
      .updateTable('keysets')
      .set({ wake_at: null })
      .where('resource_id', '=', one ?? '')
      .execute()
    await tick()
    expect((await turnOf(other ?? ''))?.at).toEqual(new Date(due.getTime() + 30 * MINUTE))
  })

  test('is not waited for by "retry now"; of all that are resumed together each waits for its own', async () => {
    const [h, app] = [harness(), nextApp()]
    const addons = await addonsOn(h, app, 2, { plan: 'monthly' })
    h.clock.advance(8 * DAY)
    const now = h.clock.now()
    const ids = addons.map(({ id }) => id)
    for (const resourceId of ids) await changePlan(h.deps, { resourceId, plan: 'weekly' })
    const stick = () =>
      h.deps.db
        .updateTable('keysets')
        .set({ stuck_since: now })
        .where('resource_id', 'in', ids)
        .where('reason', 'is not', null)
        .execute()
    await stick()
    for (const resourceId of ids) {
      expect(await resumeRotation(h.deps, { resourceId, actor, withOthers: true })).toBe(true)
    }
    await tick()
    expect(restartsMs(app, now)).toEqual([0])
    await stick()
    const resumed = await Promise.all(ids.map((resourceId) => resumeRotation(h.deps, { resourceId, actor })))
    expect(resumed.toSorted()).toEqual([false, true])
    await tick()
    expect(restartsMs(app, now)).toEqual([0, 0])
  })

  test('is one of all apps that an add-on is attached to', async () => {
    const [h, app, second] = [harness(), nextApp(), nextApp()]
    const [wide] = await addonsOn(h, app, 1)
    await h.heroku.customer.createApp(second)
    await h.heroku.customer.attach({ addon: wide?.id ?? '', app: second })
    const [narrow] = await addonsOn(h, second, 1)
    h.clock.advance(14 * DAY - 2 * SECOND)
    const due = h.clock.now()
    await liveUntil(h, inMs(3 * HOUR), tick)
    expect(restartsMs(app, due)).toEqual([0])
    expect(restartsMs(second, due)).toEqual([0, HOUR])
    expect(await kindsOf(h.deps, narrow?.id ?? '')).toContain('rotated')
  })

  test('is no wait for add-ons on different apps', async () => {
    const [h, one, two] = [harness(), nextApp(), nextApp()]
    await addonsOn(h, one, 1)
    await addonsOn(h, two, 1)
    h.clock.advance(14 * DAY)
    await tick()
    expect([restartsOf(h, one), restartsOf(h, two)].map((list) => list.length)).toEqual([1, 1])
  })

  test('is not waited for where Heroku does not tell the apps', async () => {
    const [h, app] = [harness(), nextApp()]
    h.heroku.faults.add({ match: { path: 'addon-attachments' }, kind: 'status', status: 403, times: 1_000 })
    const { due } = await dueOn(app, 2)
    await tick()
    expect(restartsMs(app, due)).toEqual([0, 0])
  })

  test('is asked for anew on an app that came since, where Heroku shows that before the push', async () => {
    const [h, app, other] = [harness(), nextApp(), nextApp()]
    const [moved] = await addonsOn(h, app, 1)
    const [resident] = await addonsOn(h, other, 1)
    h.clock.advance(14 * DAY)
    await tick()
    await h.heroku.customer.attach({ addon: moved?.id ?? '', app: other })
    h.clock.advance(14 * DAY - MINUTE)
    await requestRotation(h.deps, { resourceId: resident?.id ?? '', actor })
    await tick()
    const now = h.clock.now()
    h.clock.advance(MINUTE)
    await liveUntil(h, inMs(2 * HOUR), tick)
    expect(restartsMs(other, now).slice(-2)).toEqual([0, HOUR])
  })
})

describe('inside a window', () => {
  test('as many go an hour apart as it has room for, the others in what is left of it, and none outside', async () => {
    const [h, app] = [harness(), nextApp()]
    const addons = await addonsOn(h, app, 12, { apartMs: 0, plan: 'weekly' })
    for (const { id } of addons) await window(h.deps, id, 'tue 03:00-06:00 UTC')
    // Due in between; the first window of all after that opens on a Tuesday.
    h.clock.advance(7 * DAY)
    const opens = serveAt(h.clock.now(), { ...ANY_TIME, windows: windowsOf('tue 03:00-06:00 UTC') })
    h.clock.advance(opens.getTime() - h.clock.now().getTime())
    await liveUntil(h, inMs(4 * HOUR), tick)
    const restarts = restartsMs(app, opens)
    expect(restarts).toHaveLength(12)
    expect(Math.max(...restarts)).toBeLessThan(3 * HOUR)
    expect(restarts.filter((ms) => ms === 0)).toHaveLength(1)
    expect(restarts.some((ms) => ms > 100 * MINUTE)).toBe(true)
  })
})

test('a freeze that begins is waited for by none whose turn would come in it', async () => {
  const [h, app] = [harness(), nextApp()]
  const { addons, due } = await dueOn(app, 5)
  const clock = (ms: number) => inMs(ms).toISOString().slice(0, 16)
  for (const { id } of addons) {
    const dates = { from: clock(2 * HOUR), until: clock(9 * DAY), zone: 'UTC', reason: 'sale' }
    await addFreeze(h.deps, { resourceId: id, actor, freeze: dates })
  }
  await liveUntil(h, inMs(5 * HOUR), tick)
  const restarts = restartsMs(app, due)
  expect(restarts).toHaveLength(5)
  expect(Math.max(...restarts)).toBeLessThan(2 * HOUR - MINUTE)
})
