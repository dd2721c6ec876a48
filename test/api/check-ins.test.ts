import { createHash } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { checkIn } from '../../src/flows/api/check-in.ts'
import { deprovision } from '../../src/flows/provisioning/deprovision.ts'
import { MOST_CHECK_INS } from '../../src/store/check-ins.ts'
import { keysOn } from '../support/addon.ts'
import { allRows } from '../support/all-rows.ts'
import { DAY, HOUR, MINUTE } from '../support/harness.ts'
import { kindsOf } from '../support/resource.ts'
import { type ApiHarness, sharedApi, startApi } from './support/api.ts'

const shared = sharedApi()
const kidOf = (key: string) => createHash('sha256').update(key).digest('hex').slice(0, 8)

/** A program that checks in, and what a reader is told of it. */
async function startSaying(h: ApiHarness) {
  const program = await h.callerWith('keyring')
  const reader = await h.callerWith('read')
  return {
    say: async (body: object) => (await program('POST', '/check-ins', { body })).status,
    told: async () => (await reader('GET', '/resource')).body as Told,
  }
}
type Said = {
  app: string | null
  process: string | null
  signs_with: string
  version: number | null
  fresh: boolean
}
type Told = {
  apps: { name: string; adoption: string; check_ins: Said[] }[]
  check_ins: Said[]
  keys: { kid: string; seen: { good: number; bad: number } | null }[]
  would_log_out: Record<string, unknown> | null
}

describe('what a process says of its key', () => {
  test('is told beside its app, found by name or id; who names no attached app stands apart', async () => {
    const h = await startApi()
    const { say, told } = await startSaying(h)
    const kid = kidOf(keysOn(h).first)
    expect(await say({ app: 'service-1', process: 'web.1', signs_with: kid, version: 2 })).toBe(204)
    h.clock.advance(MINUTE)
    const { id } = h.heroku.view.app('service-1')
    expect(await say({ app: id.toUpperCase(), process: 'web.2', signs_with: kid })).toBe(204)
    expect(await say({ app: 'elsewhere', process: 'x', signs_with: '00000000' })).toBe(204)
    expect(await say({ signs_with: kid })).toBe(204)
    const { apps, check_ins } = await told()
    expect(apps[0]?.check_ins).toMatchObject([
      { process: 'web.2', signs_with: kid, version: 2, fresh: true, at: h.clock.now().toISOString() },
      { process: 'web.1', signs_with: kid, version: 2 },
    ])
    expect(check_ins).toMatchObject([
      { app: null, process: null, signs_with: kid },
      { app: 'elsewhere', process: 'x', signs_with: '00000000', version: null },
    ])
  })

  test('is its last word alone, fresh for 90 minutes, and gone after a day', async () => {
    const h = await startApi()
    const { say, told } = await startSaying(h)
    const kid = kidOf(keysOn(h).first)
    await say({ app: 'service-1', process: 'web.1', signs_with: '00000000' })
    await say({ app: 'service-1', process: 'web.1', signs_with: kid })
    expect((await told()).apps[0]?.check_ins).toMatchObject([{ signs_with: kid, fresh: true }])
    h.clock.advance(90 * MINUTE)
    expect((await told()).apps[0]?.check_ins).toMatchObject([{ fresh: false }])
    h.clock.advance(DAY - 90 * MINUTE)
    expect((await told()).apps[0]?.check_ins).toEqual([])
  })

  test('is cleaned before it is kept', async () => {
    const h = await startApi()
    const { say, told } = await startSaying(h)
    const app = 'Service-1\u0000\u202e<b>"\u001b[31m;'
    expect(await say({ app, process: `web.1\u0007${'x'.repeat(150)}`, signs_with: '0123abcd' })).toBe(204)
    expect(await say({ app: '  ', process: '\u200b', signs_with: '0123abcd' })).toBe(204)
    const { check_ins } = await told()
    expect(check_ins.map((each) => [each.app, each.process])).toEqual([
      [null, null],
      ['service-1b', `web.1${'x'.repeat(58)}…`],
    ])
  })

  test.each([
    {},
    { signs_with: '0123ABCD' },
    { signs_with: '0123abc' },
    { signs_with: '0123abcd', version: 0 },
    { signs_with: '0123abcd', version: 1.5 },
    { signs_with: '0123abcd', app: 7 },
    { signs_with: '0123abcd', app: 'x'.repeat(201) },
    { signs_with: '0123abcd', counts: [{ kid: '0123abcd', good: -1, bad: 0 }] },
    { signs_with: '0123abcd', counts: [{ kid: '0123abcd', good: 1 }] },
    { signs_with: '0123abcd', counts: Array(11).fill({ kid: '0123abcd', good: 1, bad: 0 }) },
    { signs_with: '0123abcd', user: 'ann' },
    { signs_with: '0123abcd', counts: [{ kid: '0123abcd', good: 1, bad: 0, user: 'ann' }] },
  ])('is refused as %j, and nothing is kept', async (body) => {
    const h = await shared()
    const { say } = await startSaying(h)
    expect(await say(body)).toBe(400)
    expect(await h.deps.db.selectFrom('check_ins').selectAll().execute()).toEqual([])
  })

  test('wants the scope keyring, and leaves no row in the history', async () => {
    const h = await shared()
    const body = { signs_with: '0123abcd' }
    const before = await kindsOf(h.deps, h.addon.id)
    const call = await h.callerWith('read', 'rotate', 'revoke')
    expect((await call('POST', '/check-ins', { body })).status).toBe(403)
    const other = await startApi()
    const { say } = await startSaying(other)
    const events = await kindsOf(other.deps, other.addon.id)
    expect(await say(body)).toBe(204)
    expect(await kindsOf(other.deps, other.addon.id)).toEqual(events)
    expect((await kindsOf(h.deps, h.addon.id)).slice(0, before.length)).toEqual(before)
  })

  test('is kept of so many processes at the most, and the oldest go', async () => {
    const h = await startApi()
    const { say } = await startSaying(h)
    await h.deps.db
      .insertInto('check_ins')
      .values(
        Array.from({ length: MOST_CHECK_INS }, (_, index) => ({
          resource_id: h.addon.id,
          app: 'service-1',
          process: `web.${index}`,
          kid: '0123abcd',
          at: new Date(h.clock.now().getTime() - (MOST_CHECK_INS - index) * 1_000),
        })),
      )
      .execute()
    expect(await say({ app: 'service-1', process: 'new', signs_with: '0123abcd' })).toBe(204)
    const rows = await h.deps.db.selectFrom('check_ins').select('process').execute()
    const processes = rows.map(({ process }) => process)
    expect(processes).toHaveLength(MOST_CHECK_INS)
    expect(processes).toContain('new')
    expect(processes).not.toContain('web.0')
    h.clock.advance(DAY)
    await say({ app: 'service-1', process: 'newer', signs_with: '0123abcd' })
    expect(await h.deps.db.selectFrom('check_ins').select('process').execute()).toEqual([
      { process: 'newer' },
    ])
  })

  test('goes with the add-on; a program that says it later is told that there is none', async () => {
    const h = await startApi()
    const { say } = await startSaying(h)
    const { first } = keysOn(h)
    await say({ signs_with: kidOf(first), counts: [{ kid: kidOf(first), good: 1, bad: 0 }] })
    await deprovision(h.deps, { resourceId: h.addon.id })
    expect(await say({ signs_with: kidOf(first) })).toBe(410)
    // Also one that was let in before.
    const said = { app: null, process: null, kid: kidOf(first), version: null }
    const late = checkIn(h.deps, { resourceId: h.addon.id, said, counts: [] })
    await expect(late).rejects.toMatchObject({ code: 'resource-gone' })
    const rows = await allRows(h.deps.db)
    expect(JSON.stringify(rows)).not.toContain('key_sightings')
    expect(await h.deps.db.selectFrom('check_ins').selectAll().execute()).toEqual([])
  })
})

describe('what processes have seen of keys', () => {
  test('is added up for a day, per key of the add-on; of any other nothing is taken', async () => {
    const h = await startApi()
    const { say, told } = await startSaying(h)
    const { first } = keysOn(h)
    const kid = kidOf(first)
    const seen = async () => (await told()).keys.find((key) => key.kid === kid)?.seen
    expect(await seen()).toBeNull()
    const said = { signs_with: kid, process: 'web.1' }
    await say({
      ...said,
      counts: [
        { kid, good: 3, bad: 1 },
        { kid: '00000000', good: 9, bad: 9 },
      ],
    })
    await say({
      ...said,
      counts: [
        { kid, good: 2, bad: 0 },
        { kid, good: 1, bad: 0 },
      ],
    })
    h.clock.advance(HOUR)
    await say({ ...said, process: 'web.2', counts: [{ kid, good: 1_000_000_000, bad: 0 }] })
    expect(await seen()).toEqual({ good: 1_000_000_006, bad: 1 })
    const rows = await h.deps.db.selectFrom('key_sightings').select('kid').execute()
    expect(new Set(rows.map((row) => row.kid))).toEqual(new Set([kid]))
    h.clock.advance(DAY - HOUR)
    expect(await seen()).toEqual({ good: 1_000_000_000, bad: 0 })
    h.clock.advance(HOUR)
    expect(await seen()).toBeNull()
  })
})

describe('what a rotation now would log out', () => {
  test('is nobody while a filler has the second place', async () => {
    const { told } = await startSaying(await startApi())
    expect((await told()).would_log_out).toBeNull()
  })

  test('is told by the key that leaves, until when it is good, and the apps that sign with it still', async () => {
    const h = await startApi()
    const { say, told } = await startSaying(h)
    await h.heroku.customer.createApp('service-2')
    await h.heroku.customer.attach({ addon: h.addon.name, app: 'service-2', as: 'SHARED' })
    await h.heroku.customer.setReleaseCommand('service-2', 'fails')
    const { first } = keysOn(h)
    h.clock.advance(14 * DAY)
    await h.worker1.tick()
    const publishedAt = h.clock.now()
    h.clock.advance(HOUR)
    await say({ app: 'service-1', process: 'web.1', signs_with: kidOf(first) })
    await say({ signs_with: kidOf(first) })
    expect((await told()).would_log_out).toEqual({
      kid: kidOf(first),
      version: 2,
      signed_before: publishedAt.toISOString(),
      accepted_until: new Date(publishedAt.getTime() + 14 * DAY).toISOString(),
      apps: [
        { name: 'service-2', because: 'release' },
        { name: '(not named)', because: 'check-in' },
        { name: 'service-1', because: 'check-in' },
      ],
      unseen: [],
      possible_from: new Date(publishedAt.getTime() + 2 * HOUR).toISOString(),
    })
    // What is not fresh says nothing of the present.
    h.clock.advance(90 * MINUTE)
    expect((await told()).would_log_out).toMatchObject({
      apps: [{ name: 'service-2', because: 'release' }],
      possible_from: null,
    })
  })
})
