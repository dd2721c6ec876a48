import fc from 'fast-check'
import { sql } from 'kysely'
import { describe, expect, test } from 'vitest'
import { TOLD_KINDS } from '../../src/domain/notices/from-history.ts'
import { addFreeze } from '../../src/flows/dashboard/freezes.ts'
import { requestRotation } from '../../src/flows/dashboard/request-rotation.ts'
import { setWindows } from '../../src/flows/dashboard/set-windows.ts'
import type { Deps } from '../../src/flows/deps.ts'
import { createChannels } from '../../src/flows/notices/channels.ts'
import { createDeliveries } from '../../src/flows/notices/deliver.ts'
import { type DueDelivery, lookForNotices, NOTICE_LEASE_MS } from '../../src/flows/notices/look.ts'
import { readNotices } from '../../src/flows/notices/read-notices.ts'
import { deprovision } from '../../src/flows/provisioning/deprovision.ts'
import { openDatabase } from '../../src/store/database.ts'
import { insertCursor } from '../../src/store/notice-cursors.ts'
import { PreparingClient } from '../../src/store/preparing-client.ts'
import { ANN } from '../api/support/token.ts'
import { storeManyResources } from '../store/support/start-store.ts'
import type { HarnessWithAddon } from '../support/addon.ts'
import { takeDatabase } from '../support/database.ts'
import { DAY, HOUR, MINUTE, SECOND } from '../support/harness.ts'
import { sharedHarness } from '../support/shared-harness.ts'
import { addAddon, callsOf, cursorsOf, linesOf, tell } from './support/tell.ts'

const shared = sharedHarness()
const about = (h: HarnessWithAddon) => ({ resourceId: h.addon.id, actor: ANN })
const idsOf = (h: HarnessWithAddon) => linesOf(h).map((line) => / id=(\S+)/.exec(line)?.[1] ?? '')
const never = new AbortController().signal
const WINDOWS = [1, 2, 3, 4, 5].map((day) => [{ days: [day], from: '09:00', to: '12:00', zone: 'UTC' }])
const change = (h: HarnessWithAddon, number: number) =>
  setWindows(h.deps, { ...about(h), windows: WINDOWS[number % WINDOWS.length] ?? [] })

/** A worker that looks and delivers, and dies before it can write down that anything has arrived. */
async function dieAfterTelling(deps: Deps): Promise<void> {
  const due = await lookForNotices(deps, 100)
  const channel = createChannels(deps).log
  for (const { claimed, due: list } of due ?? []) {
    const notices = list.due.map(({ notice }) => notice)
    if (claimed.target.channel === 'log') await channel?.deliver(claimed.target, notices, never)
  }
}

/** What is due to the log of the add-on, claimed. */
async function claimed(h: HarnessWithAddon): Promise<DueDelivery> {
  const due = await lookForNotices(h.deps, 100)
  const found = due?.find(({ claimed: { target } }) => target.resourceId === h.addon.id)
  if (!found) throw new Error('nothing was due')
  return found
}

/** A worker that does all of it. */
async function work(deps: Deps): Promise<void> {
  const deliveries = createDeliveries(deps, createChannels(deps))
  for (let due = await lookForNotices(deps, 100); due; due = await lookForNotices(deps, 100)) {
    await Promise.all(due.map((delivery) => deliveries.deliver(delivery, 10_000, never)))
  }
}

describe('a notice', () => {
  test('comes again with the same id where a worker died after it had arrived and before that was written down', async () => {
    const h = await addAddon(shared())
    await change(h, 1)
    await dieAfterTelling(h.deps)
    await tell(h)
    expect(idsOf(h)).toHaveLength(1)
    h.clock.advance(NOTICE_LEASE_MS)
    await tell(h)
    const [first, again, ...rest] = idsOf(h)
    expect(again).toBe(first)
    expect(rest).toEqual([])
    h.clock.advance(DAY)
    await tell(h)
    expect(idsOf(h)).toHaveLength(2)
  })

  test('that a worker tells when its lease is over moves nothing any more: another has the target', async () => {
    const h = await addAddon(shared())
    await change(h, 1)
    const late = await claimed(h)
    h.clock.advance(NOTICE_LEASE_MS)
    await claimed(h)
    const before = await cursorsOf(h)
    await createDeliveries(h.deps, createChannels(h.deps)).deliver(late, 10_000, never)
    expect(linesOf(h)).toHaveLength(1)
    expect(await cursorsOf(h)).toEqual(before)
  })

  test('is told once by two workers that look at the same time', async () => {
    const h = await addAddon(shared())
    const other = await h.anotherProcess()
    for (let number = 0; number < 5; number += 1) {
      await change(h, number)
      await Promise.all([work(h.deps), work(other)])
    }
    expect(idsOf(h)).toHaveLength(5)
    expect(new Set(idsOf(h)).size).toBe(5)
  })

  test('that could not be sent is logged by one line that says why, and is tried again', async () => {
    const h = await addAddon(shared())
    const delivery = async () => {
      await createDeliveries(h.deps, createChannels(h.deps)).deliver(await claimed(h), 10_000, never)
    }
    const resource = h.deps.db.updateTable('resources').where('id', '=', h.addon.id)
    await resource.set({ sealed_log_input_url: Buffer.alloc(80) }).execute()
    await change(h, 1)
    await delivery()
    const lines = h.logLines.filter((line) => line.includes(h.addon.id) && /notices|deliver/.test(line))
    expect(lines.map((line) => JSON.parse(line))).toMatchObject([
      {
        level: 40,
        msg: 'notices not delivered',
        failure: 'we could not send it',
        err: { sqlStateOrCode: 'sealed-value-unreadable' },
      },
    ])
    await resource.set({ sealed_log_input_url: null }).execute()
    h.clock.advance(HOUR)
    await tell(h)
    expect(linesOf(h)).toHaveLength(1)
  })

  test('that is written while another is on its way follows at once', async () => {
    const h = await addAddon(shared())
    await change(h, 1)
    const delivery = await claimed(h)
    await change(h, 2)
    // Claimed, so nobody else takes it meanwhile.
    await expect(claimed(h)).rejects.toThrow('nothing was due')
    await createDeliveries(h.deps, createChannels(h.deps)).deliver(delivery, 10_000, never)
    await work(h.deps)
    expect(idsOf(h)).toHaveLength(2)
  })

  test('is told in the order in which things happened, twenty at a time, none left out', async () => {
    const h = await addAddon(shared())
    for (let number = 0; number < 45; number += 1) await change(h, number)
    await tell(h)
    const sequence = idsOf(h).map((id) => Number(id.split('_')[1]))
    expect(sequence).toHaveLength(45)
    expect(sequence).toEqual(sequence.toSorted((a, b) => a - b))
    expect(callsOf(h, 'POST', '/logs')).toHaveLength(3)
  })

  test('of a resource that is removed meanwhile is told no more, and nothing of it stays', async () => {
    const h = await addAddon(shared())
    await change(h, 1)
    const delivery = await claimed(h)
    await deprovision(h.deps, { resourceId: h.addon.id })
    await createDeliveries(h.deps, createChannels(h.deps)).deliver(delivery, 10_000, never)
    await tell(h)
    expect(linesOf(h)).toEqual([])
    expect(await cursorsOf(h)).toEqual([])
  })

  test('is told again, with its id, where the database was put back to before it was told', async () => {
    const h = await addAddon(shared())
    const before = await h.deps.db
      .selectFrom('notice_cursors')
      .selectAll()
      .where('target', '=', 'log')
      .where('resource_id', '=', h.addon.id)
      .executeTakeFirstOrThrow()
    await change(h, 1)
    await tell(h)
    await h.deps.db
      .updateTable('notice_cursors')
      .set({ ...before, wake_at: h.clock.now() })
      .where('target', '=', 'log')
      .where('resource_id', '=', h.addon.id)
      .execute()
    await tell(h)
    const [first, again] = idsOf(h)
    expect(again).toBe(first)
    expect(idsOf(h)).toHaveLength(2)
  })

  test('of what happened before its target was there is not told', async () => {
    const h = await addAddon(shared())
    await change(h, 1)
    const added = { resourceId: h.addon.id, channel: 'webhook', id: 'wh_1', lane: 'example.com' } as const
    await h.deps.db.transaction().execute((trx) => insertCursor(trx, added))
    const due = await lookForNotices(h.deps, 100)
    const told = due?.filter(({ claimed }) => claimed.target.resourceId === h.addon.id)
    expect(told?.map(({ claimed }) => claimed.target.id)).toEqual(['log'])
  })
})

describe('a receiver that fails', () => {
  test('is tried for three days, more and more rarely; then what was due is given up, which is said, and the next notice is tried again', async () => {
    const h = await addAddon(shared())
    h.heroku.faults.add({
      match: { path: '/logs', addon: h.addon.id },
      kind: 'status',
      status: 503,
      times: 1_000,
    })
    await change(h, 1)
    for (let minutes = 0; minutes < 3 * 24 * 60; minutes += 30) {
      await tell(h)
      h.clock.advance(30 * MINUTE)
    }
    expect(await cursorsOf(h)).toMatchObject([{ cursor: { failingSince: expect.any(Date), givenUp: null } }])
    const tries = callsOf(h, 'POST', '/logs').length
    expect(tries).toBeGreaterThan(70)
    expect(tries).toBeLessThan(170)
    h.clock.advance(HOUR)
    await tell(h)
    const [given] = await cursorsOf(h)
    expect(given?.cursor).toMatchObject({
      attempts: 0,
      failingSince: null,
      lastFailure: expect.stringContaining('503'),
    })
    expect(given?.cursor.givenUp).not.toBeNull()
    h.heroku.faults.clear()
    await change(h, 2)
    await tell(h)
    expect(linesOf(h)).toHaveLength(1)
    expect(await cursorsOf(h)).toMatchObject([{ cursor: { lastFailure: null } }])
  })

  test('and hangs holds up no tick and no rotation, and is tried again', async () => {
    const h = await addAddon(shared())
    const worker = h.worker({ noticeLimitMs: 400 })
    await change(h, 1)
    const patient = h.worker({ noticeLimitMs: 60_000 })
    h.heroku.faults.add({ match: { path: '/logs', addon: h.addon.id }, kind: 'hang', times: 1 })
    // A tick that waited for the receiver would take a minute.
    await patient.tick()
    await expect.poll(() => h.heroku.faults.list().at(-1)?.hits).toBe(1)
    await patient.tick()
    await patient.stop(0)
    // Cut off by the end of its process, so it was no attempt.
    expect(await cursorsOf(h)).toMatchObject([{ cursor: { attempts: 0 } }])
    h.heroku.faults.add({ match: { path: '/logs', addon: h.addon.id }, kind: 'hang', times: 1 })
    await requestRotation(h.deps, { ...about(h), evenIfTooSoon: true })
    const tally = await worker.tick()
    // The line is still on its way.
    expect(tally?.promoted).toBe(1)
    expect(linesOf(h)).toEqual([])
    await worker.idle()
    expect(await cursorsOf(h)).toMatchObject([
      { cursor: { attempts: 1, lastFailure: 'there was no answer in time' } },
    ])
    h.clock.advance(MINUTE)
    await tell(h)
    expect(linesOf(h)).toHaveLength(2)
  })
})

describe('a process whose clock is wrong', () => {
  test('says nothing too early: what is near is the database’s to say', async () => {
    const h = await addAddon(shared())
    const wrong = { ...h.deps, now: () => new Date(h.clock.now().getTime() + 13 * DAY + HOUR) }
    await h.deps.db.updateTable('notice_cursors').set({ wake_at: h.clock.now() }).execute()
    await work(wrong)
    expect(linesOf(h)).toEqual([])
  })

  test('claims nothing while it is off by more than five seconds', async () => {
    const h = await addAddon(shared())
    await change(h, 1)
    const worker = h.worker({ clockOffsetMs: async () => 6 * SECOND })
    await worker.tick()
    await worker.idle()
    expect(linesOf(h)).toEqual([])
  })
})

type Step = { kind: 'change' | 'freeze' | 'rotate' | 'wait'; hours: number; dies: boolean }
const anyStep: fc.Arbitrary<Step> = fc.record({
  kind: fc.constantFrom('change', 'change', 'freeze', 'rotate', 'wait', 'wait', 'wait', 'wait'),
  hours: fc.integer({ min: 1, max: 24 * 6 }),
  dies: fc.boolean(),
})

test('over random lives with workers that die, each notice arrives, in order, and comes again with its own id alone', async () => {
  const h = await addAddon(shared())
  const other = await h.anotherProcess()
  const [life = []] = fc.sample(fc.array(anyStep, { minLength: 36, maxLength: 36 }), { numRuns: 1, seed: 12 })
  for (const [number, { kind, hours, dies }] of life.entries()) {
    if (kind === 'change') await change(h, number)
    if (kind === 'freeze') {
      const from = new Date(h.clock.now().getTime() + DAY).toISOString().slice(0, 10)
      const freeze = { from, until: from, zone: 'UTC', reason: '' }
      await addFreeze(h.deps, { ...about(h), freeze }).catch(() => undefined)
    }
    if (kind === 'rotate') await requestRotation(h.deps, { ...about(h), evenIfTooSoon: true })
    if (dies) await dieAfterTelling(other)
    await tell(h)
    for (let passed = 0; passed < (kind === 'wait' ? hours : 1); passed += 12) {
      h.clock.advance(kind === 'wait' ? 12 * HOUR : NOTICE_LEASE_MS)
      await tell(h)
    }
  }
  h.clock.advance(NOTICE_LEASE_MS)
  await tell(h)
  const { newest } = await readNotices(h.deps, h.addon.id)
  const ids = idsOf(h)
  expect(ids.length).toBeGreaterThan(20)
  for (const { id } of newest) expect(ids).toContain(id)
  // By when each came first: what happened in the order of the history, none left out in between.
  const first = [...new Set(ids)].flatMap((id) =>
    /_(coming|late)_/.test(id) ? [] : [Number(id.split('_')[1])],
  )
  expect(first).toEqual(first.toSorted((a, b) => a - b))
  const told = await h.deps.db
    .selectFrom('history')
    .select('seq')
    .where('resource_id', '=', h.addon.id)
    .where('kind', 'in', [...TOLD_KINDS])
    .orderBy('seq')
    .execute()
  expect(first).toEqual(told.map(({ seq }) => seq))
  const scheduled = linesOf(h).filter((line) => line.startsWith('securekey.rotation=coming'))
  expect(scheduled.length).toBeGreaterThan(0)
  expect(ids.length).toBeGreaterThan(new Set(ids).size)
})

test('a thousand targets that wake on one day and have nothing to tell cost five statements for each hundred', async () => {
  const { url, giveBack } = await takeDatabase()
  let statements = 0
  class CountingClient extends PreparingClient {
    // biome-ignore lint/suspicious/noExplicitAny: it stands for all eight signatures of pg's own.
    override query(...args: any[]): any {
      statements += 1
      return super.query(...args)
    }
  }
  const db = openDatabase({ url, poolSize: 1, onIdleError: () => {}, Client: CountingClient })
  const now = new Date()
  await storeManyResources(db, 1_000, () => new Date(now.getTime() + 100 * DAY))
  await sql`
    insert into notice_cursors (resource_id, target, channel, lane, seq, wanted_seq, wake_at)
    select resource_id, 'log', 'log', 'logplex', last_seq, last_seq, ${now}::timestamptz from keysets
  `.execute(db)
  statements = 0
  let looks = 0
  for (let due = await lookForNotices({ db }, 100); due; due = await lookForNotices({ db }, 100)) {
    expect(due).toEqual([])
    looks += 1
  }
  expect(looks).toBe(10)
  // The last look finds nothing more.
  expect(statements).toBeLessThanOrEqual(5 * looks + 1)
  await db.destroy()
  await giveBack()
})
