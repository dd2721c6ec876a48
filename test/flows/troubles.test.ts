import { describe, expect, test } from 'vitest'
import type { Fault } from '../../simulator/src/faults.ts'
import type { AddonView } from '../../simulator/src/view.ts'
import { createTroubles } from '../../src/flows/heroku/create-troubles.ts'
import { createWorker } from '../../src/worker/worker.ts'
import { callsTo, type HarnessWithAddon, startWithAddon } from '../support/addon.ts'
import { CLIENT_SECRET, DAY, type HarnessOptions, HOUR, MINUTE, SECOND } from '../support/harness.ts'
import { endedRotations, kindsOf, stateOf } from '../support/resource.ts'

type Many = HarnessWithAddon & { addons: AddonView[] }

const ALWAYS = 1_000_000
/** As pino writes it. */
const ERROR = 50

/** So many add-ons on apps of their own, all of them due. */
async function startDue(count: number, options: HarnessOptions & { plan?: string } = {}): Promise<Many> {
  const h = await startWithAddon(options)
  const addons = [h.addon]
  for (let number = 2; number <= count; number += 1) {
    await h.heroku.customer.createApp(`service-${number}`)
    addons.push(
      await h.heroku.customer.createAddon({ app: `service-${number}`, plan: options.plan ?? 'fortnightly' }),
    )
  }
  for (const { id } of addons) await expect.poll(() => kindsOf(h.deps, id)).toContain('grant-exchanged')
  h.clock.advance(14 * DAY)
  return { ...h, addons }
}

/** Ticks every `stepMs` for so long. */
async function tickFor(h: Many, ms: number, stepMs: number): Promise<void> {
  for (let passed = 0; passed < ms; passed += stepMs) {
    await h.worker1.tick()
    h.clock.advance(stepMs)
  }
}

async function rotations(h: Many): Promise<number> {
  const ended = await Promise.all(h.addons.map(({ id }) => endedRotations(h.deps, id)))
  return ended.flat().filter(({ kind }) => kind === 'rotated').length
}

/** The lines of that event, as they were logged. */
function told(h: Many, event: string): Record<string, unknown>[] {
  return h.logLines.map((line) => JSON.parse(line)).filter(({ msg }) => msg === event)
}

const failAll = (fault: Fault) => (h: Many) => {
  h.heroku.faults.add({ times: ALWAYS, ...fault })
}
const clearFaults = (h: Many) => h.heroku.faults.clear()

const TROUBLES: [string, (h: Many) => unknown, (h: Many) => unknown, 'account' | 'host', number][] = [
  [
    'our client secret is refused for six hours',
    (h) => h.heroku.resetOauth({ clientSecret: 'another' }),
    (h) => h.heroku.resetOauth({ clientSecret: CLIENT_SECRET }),
    'account',
    6 * HOUR,
  ],
  [
    'our account is suspended, told at refresh and on the API',
    (h) => {
      failAll({ match: { path: '/oauth/token' }, kind: 'status', status: 403 })(h)
      failAll({ match: { path: '/addons/' }, kind: 'status', status: 403 })(h)
    },
    clearFaults,
    'account',
    6 * HOUR,
  ],
  [
    'every token is refused on the API, however fresh',
    failAll({ match: { path: '/addons/' }, kind: 'status', status: 401 }),
    clearFaults,
    'account',
    HOUR,
  ],
  [
    'the API answers 503 for fifteen hours',
    failAll({ match: { path: '/addons/' }, kind: 'status', status: 503 }),
    clearFaults,
    'host',
    15 * HOUR,
  ],
  [
    'the API takes no writes for fifteen hours, and answers reads',
    failAll({ match: { method: 'PATCH' }, kind: 'status', status: 503 }),
    clearFaults,
    'host',
    15 * HOUR,
  ],
  [
    'the login host answers 502 for fifteen hours',
    failAll({ match: { path: '/oauth/token' }, kind: 'status', status: 502 }),
    clearFaults,
    'host',
    15 * HOUR,
  ],
  [
    'the API answers all with status 200 and something else',
    failAll({ match: { path: '/addons/' }, kind: 'status', status: 200, body: { maintenance: true } }),
    clearFaults,
    'host',
    6 * HOUR,
  ],
  [
    'the login host answers with status 200 and no token',
    failAll({ match: { path: '/oauth/token' }, kind: 'status', status: 200, body: {} }),
    clearFaults,
    'host',
    6 * HOUR,
  ],
  [
    'the API redirects every call elsewhere',
    failAll({ match: { path: '/addons/' }, kind: 'redirect' }),
    clearFaults,
    'host',
    6 * HOUR,
  ],
  [
    'the API cuts every connection',
    failAll({ match: { path: '/addons/' }, kind: 'cut' }),
    clearFaults,
    'host',
    6 * HOUR,
  ],
]

describe.each(TROUBLES)('while %s', (_what, begin, end, owner, lastsMs) => {
  test.each([5, 1])(
    'nothing gets stuck and one alarm is raised; it goes on within two minutes (%i add-ons)',
    async (count) => {
      const h = await startDue(count)
      begin(h)
      await tickFor(h, 20 * MINUTE, MINUTE)
      await tickFor(h, lastsMs - 20 * MINUTE, 20 * MINUTE)
      const states = await Promise.all(h.addons.map(({ id }) => stateOf(h.deps, id)))
      expect(states.map(({ rotation }) => rotation?.stuckSince)).toEqual(Array(count).fill(null))
      // Before it is proved, whoever fails pays: two at most.
      const paid = states.filter(({ attempts }) => attempts > 0)
      expect(paid.length).toBeLessThan(3)
      expect(Math.max(...states.map(({ attempts }) => attempts))).toBeLessThan(8)
      expect(told(h, 'trouble began')).toMatchObject([{ level: ERROR, owner }])
      expect(told(h, 'rotation stuck')).toEqual([])
      expect(told(h, 'trouble ended')).toEqual([])

      end(h)
      await tickFor(h, 2 * MINUTE, 10 * SECOND)
      expect(await rotations(h)).toBe(count)
      expect(told(h, 'trouble ended')).toHaveLength(1)
      expect(await h.deps.db.selectFrom('trouble_failures').selectAll().execute()).toEqual([])
    },
  )
})

test('a 404 for every add-on is believed of none, told once, and all go on within two minutes of its end', async () => {
  const h = await startDue(5)
  failAll({ match: { path: '/addons/' }, kind: 'status', status: 404 })(h)
  await tickFor(h, 20 * MINUTE, MINUTE)
  await tickFor(h, 6 * HOUR, 20 * MINUTE)
  const states = await Promise.all(h.addons.map(({ id }) => stateOf(h.deps, id)))
  expect(states.map(({ rotation }) => rotation?.stuckSince)).toEqual(Array(5).fill(null))
  expect(told(h, 'rotation stuck')).toEqual([])
  expect(told(h, 'Heroku says that it knows none of several add-ons')).toHaveLength(1)
  h.heroku.faults.clear()
  await tickFor(h, 2 * MINUTE, 10 * SECOND)
  expect(await rotations(h)).toBe(5)
})

test('a 404 for one of many is believed when it is repeated, since Heroku answers for others', async () => {
  const h = await startDue(5)
  const [gone] = h.addons
  failAll({ match: { addon: gone?.id ?? '', path: '/addons/' }, kind: 'status', status: 404 })(h)
  await tickFor(h, 20 * MINUTE, MINUTE)
  expect(await rotations(h)).toBe(4)
  expect(told(h, 'rotation stuck')).toHaveLength(1)
})

test('time-outs are a host’s failure too', async () => {
  const h = await startDue(4, { callTimeoutMs: 300 })
  failAll({ match: { path: '/addons/' }, kind: 'hang' })(h)
  await tickFor(h, HOUR, MINUTE)
  expect(told(h, 'trouble began')).toMatchObject([{ owner: 'host', cause: 'api' }])
  h.heroku.faults.clear()
  await tickFor(h, 2 * MINUTE, 10 * SECOND)
  expect(await rotations(h)).toBe(4)
})

test('a trouble is told beside the health of a web process, which goes on', async () => {
  const h = await startDue(3)
  const ready = async () => (await h.app.inject({ url: '/readyz' })).json()
  expect(await ready()).toEqual({ status: 'ready' })
  failAll({ match: { path: '/addons/' }, kind: 'status', status: 503 })(h)
  await h.worker1.tick()
  const since = h.clock.now().toISOString()
  expect(await ready()).toEqual({ status: 'ready', heroku: [{ owner: 'host', cause: 'api', since }] })
  h.heroku.faults.clear()
  h.clock.advance(MINUTE)
  await h.worker1.tick()
  expect(await ready()).toEqual({ status: 'ready' })
  expect(told(h, 'trouble ended')).toMatchObject([{ cause: 'api', owner: 'host', lastedMs: MINUTE }])
})

test('while all is held back Heroku is tried now and then, and a second worker does not find out for itself', async () => {
  const h = await startDue(8)
  const other = createWorker(await h.anotherProcess(), {
    concurrency: 20,
    claimLimit: 100,
    clockOffsetMs: async () => 0,
  })
  failAll({ match: { path: '/addons/' }, kind: 'status', status: 503 })(h)
  await tickFor(h, MINUTE, 10 * SECOND)
  const before = callsTo(h, 'PATCH', '/config').length + callsTo(h, 'GET', '/config').length
  for (let passed = 0; passed < 20 * MINUTE; passed += 10 * SECOND) {
    await Promise.all([h.worker1.tick(), other.tick()])
    h.clock.advance(10 * SECOND)
  }
  const calls = callsTo(h, 'PATCH', '/config').length + callsTo(h, 'GET', '/config').length - before
  expect(calls).toBeGreaterThan(10)
  expect(calls).toBeLessThan(100)
  expect(told(h, 'trouble began')).toHaveLength(1)
})

test('an add-on that always gets 500 while others succeed is charged itself, stops nobody, and is tried on daily', async () => {
  const h = await startDue(4, { plan: 'daily' })
  const broken = h.addons[3]?.id ?? ''
  failAll({ match: { method: 'PATCH', addon: broken }, kind: 'status', status: 500 })(h)
  await tickFor(h, HOUR, 5 * MINUTE)
  await tickFor(h, 3 * DAY, 30 * MINUTE)
  expect(await stateOf(h.deps, broken)).toMatchObject({ rotation: { stuckSince: expect.any(Date) } })
  expect(await rotations(h)).toBeGreaterThanOrEqual(3 * 3)
  expect(told(h, 'rotation stuck')).toMatchObject([{ resourceId: broken }])
  const pushes = () =>
    h.heroku.view.apiCalls().filter(({ method, status }) => method === 'PATCH' && status === 500)
  const before = pushes().length
  await tickFor(h, 2 * DAY, 30 * MINUTE)
  expect(pushes().length - before).toBeGreaterThanOrEqual(2)
  expect(pushes().length - before).toBeLessThanOrEqual(3)
})

test('an add-on whose reads alone fail cannot hide behind the host: another one is asked, and answers', async () => {
  const h = await startDue(1)
  await h.heroku.customer.createApp('service-2')
  const healthy = await h.heroku.customer.createAddon({ app: 'service-2', plan: 'fortnightly' })
  await expect.poll(() => kindsOf(h.deps, healthy.id)).toContain('grant-exchanged')
  failAll({ match: { path: '/config', addon: h.addon.id }, kind: 'status', status: 500 })(h)
  await tickFor(h, 30 * MINUTE, MINUTE)
  await tickFor(h, 8 * HOUR, 10 * MINUTE)
  expect(await stateOf(h.deps, h.addon.id)).toMatchObject({ rotation: { stuckSince: expect.any(Date) } })
  expect(told(h, 'trouble began')).toEqual([])
  expect(callsTo(h, 'GET', `/addons/${healthy.id}/config`).length).toBeGreaterThan(0)
  expect(callsTo(h, 'PATCH', `/addons/${healthy.id}/config`)).toEqual([])
})

test('a lone add-on whose writes always fail is told as its own after a day, and is tried about once a day', async () => {
  const h = await startDue(1)
  failAll({ match: { method: 'PATCH' }, kind: 'status', status: 500 })(h)
  await tickFor(h, 30 * MINUTE, MINUTE)
  await tickFor(h, 2 * DAY, 30 * MINUTE)
  expect(await stateOf(h.deps, h.addon.id)).toMatchObject({ rotation: { stuckSince: expect.any(Date) } })
  const before = callsTo(h, 'PATCH', '/config').length
  await tickFor(h, 2 * DAY, 30 * MINUTE)
  expect(callsTo(h, 'PATCH', '/config').length - before).toBeLessThanOrEqual(3)
})

test('grants wait for the end of a trouble as rotations do, and none is lost by it', async () => {
  const h = await startDue(3)
  failAll({ match: { path: '/oauth/token' }, kind: 'status', status: 401 })(h)
  await tickFor(h, MINUTE, 10 * SECOND)
  await h.heroku.customer.createApp('late')
  const late = await h.heroku.customer.createAddon({ app: 'late', plan: 'fortnightly' })
  await tickFor(h, 4 * MINUTE, 10 * SECOND)
  expect(await kindsOf(h.deps, late.id)).toEqual(['provisioned'])
  h.heroku.faults.clear()
  await tickFor(h, 50 * SECOND, 10 * SECOND)
  expect(await kindsOf(h.deps, late.id)).toEqual(['provisioned', 'grant-exchanged'])
})

test('while nothing fails no process writes anything down', async () => {
  const h = await startDue(4)
  await tickFor(h, MINUTE, 10 * SECOND)
  expect(await rotations(h)).toBe(4)
  expect(await h.deps.db.selectFrom('troubles').selectAll().execute()).toEqual([])
})

test('the moments are those of the database: a process whose own clock is far off holds nobody back for hours', async () => {
  const h = await startDue(1)
  const troubles = createTroubles({ db: h.deps.db, log: h.deps.log, steadyMs: () => 5 })
  await troubles.isHoldingBack()
  await troubles.failed('read', h.addon.id, { kind: 'unavailable', detail: 'no answer' })
  const now = h.clock.now()
  expect(await h.deps.db.selectFrom('troubles').selectAll().execute()).toMatchObject([
    { cause: 'api', probe_at: new Date(now.getTime() + 15 * SECOND), verdict_at: null },
  ])
  expect(await h.deps.db.selectFrom('trouble_failures').selectAll().execute()).toMatchObject([
    { resource_id: h.addon.id, operation: 'read', first_at: now, last_at: now },
  ])
})

test('what was written while the clock of the database was hours ahead holds nobody back once it is right', async () => {
  const h = await startDue(5)
  failAll({ match: { path: '/addons/' }, kind: 'status', status: 503 })(h)
  await tickFor(h, 2 * MINUTE, 30 * SECOND)
  const ahead = new Date(h.clock.now().getTime() + 3 * HOUR)
  const { db } = h.deps
  await db
    .updateTable('troubles')
    .set({ probe_at: ahead, verdict_at: ahead, token_succeeded_at: ahead })
    .execute()
  await db.updateTable('trouble_failures').set({ first_at: ahead, last_at: ahead }).execute()
  h.heroku.faults.clear()
  await tickFor(h, 2 * MINUTE, 10 * SECOND)
  expect(told(h, 'trouble ended')).toHaveLength(1)
  expect(await rotations(h)).toBe(5)
})

test('a limit for all costs nobody an attempt, and is told now and then', async () => {
  const h = await startDue(5)
  failAll({ match: { path: '/addons/' }, kind: 'status', status: 429, retryAfter: 60 })(h)
  await tickFor(h, HOUR, MINUTE)
  const states = await Promise.all(h.addons.map(({ id }) => stateOf(h.deps, id)))
  expect(states.map(({ attempts }) => attempts)).toEqual(Array(5).fill(0))
  const lines = told(h, 'call limit of Heroku reached, all calls to this host wait')
  expect(lines[0]).toMatchObject({ host: 'platform', waitMs: MINUTE })
  expect(lines.length).toBeGreaterThan(1)
  expect(lines.length).toBeLessThan(6)
  h.heroku.faults.clear()
  await tickFor(h, 3 * MINUTE, 10 * SECOND)
  expect(await rotations(h)).toBe(5)
})
