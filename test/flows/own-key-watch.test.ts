import { sql } from 'kysely'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import type { KmsKey } from '../../simulator/aws/kms/keys.ts'
import { KMS_RIGHTS } from '../../src/domain/kms.ts'
import { readOverview } from '../../src/flows/dashboard/overview.ts'
import { requestRotation } from '../../src/flows/dashboard/request-rotation.ts'
import { revealKey } from '../../src/flows/dashboard/reveal-key.ts'
import { revokeKeys } from '../../src/flows/dashboard/revoke-keys.ts'
import { lookForNotices } from '../../src/flows/notices/look.ts'
import { claimDueOwnKeys, lookAtOwnKey } from '../../src/flows/own-keys/look-at-own-key.ts'
import { changePlan } from '../../src/flows/provisioning/change-plan.ts'
import { deprovision } from '../../src/flows/provisioning/deprovision.ts'
import { readHealth } from '../../src/flows/read-health.ts'
import { verifyKey } from '../../src/flows/verify-key.ts'
import { nowModel } from '../../src/http/dashboard/present/now.ts'
import { insertCursor } from '../../src/store/notice-cursors.ts'
import { findOwnKey } from '../../src/store/own-keys.ts'
import { findResource } from '../../src/store/resources.ts'
import { ANN } from '../api/support/token.ts'
import { callPartnerApi, provisionBody } from '../http/support/partner-call.ts'
import { keysOn } from '../support/addon.ts'
import {
  customerKey,
  kmsEnvironment,
  PARTNER_ACCOUNT,
  policyFor,
  REGION,
  type StartedKms,
  startFakeKms,
} from '../support/fake-kms.ts'
import { DAY, type Harness, HOUR, MINUTE, SECOND, startHarness } from '../support/harness.ts'
import { historyOf, kindsOf, stateOf } from '../support/resource.ts'

let aws: StartedKms
let h: Harness
const ends: (() => Promise<void>)[] = []

beforeAll(async () => {
  aws = await startFakeKms(() => new Date('2026-03-03T12:00:00Z'))
  const canary = aws.kms.createKey({ account: PARTNER_ACCOUNT, region: REGION })
  h = await startHarness({
    env: { ...kmsEnvironment(aws.url), KMS_CANARY_KEY: canary.arn },
    whenFinished: (end) => void ends.push(end),
  })
})
beforeEach(async () => {
  aws.kms.faults.clear()
  aws.partner.expired = false
  await h.deps.db.deleteFrom('own_keys').execute()
})
afterAll(async () => {
  for (const end of ends) await end()
  await aws.kms.close()
})

/** An add-on that a key of its own protects. */
async function addonUnder(key: KmsKey): Promise<string> {
  const body = provisionBody({ plan: 'private-fortnightly', options: { 'encryption-key': key.arn } })
  const { status, text } = await callPartnerApi(h.app, { method: 'POST', body })
  if (status !== 200) throw new Error(text)
  return body.uuid
}

/** Looks at whatever is due, as a worker does, for so many seconds. */
async function watch(seconds: number, deps = h.deps): Promise<void> {
  for (let passed = 0; passed < seconds; passed += 10) {
    h.clock.advance(10 * SECOND)
    for (const claimed of await claimDueOwnKeys(deps, 10)) await lookAtOwnKey(deps, claimed)
  }
}

/** Looks on until shortly before the ten minutes of a key are over, and lets them pass. */
async function watchToDeadline(key: KmsKey): Promise<void> {
  const leftMs = async () =>
    ((await findOwnKey(h.deps.db, key.arn))?.deadline?.getTime() ?? Number.POSITIVE_INFINITY) -
    h.clock.now().getTime()
  for (let look = 0; look < 100 && (await leftMs()) > 20 * SECOND; look += 1) await watch(10)
  expect(await stateOfKey(key)).toBe('waiting')
  h.clock.advance(30 * SECOND)
}

const failing = (type: string, status: number) =>
  aws.kms.faults.add({ kind: 'exception', type, status, times: 100_000 })
const stateOfKey = async ({ arn }: KmsKey) => (await findOwnKey(h.deps.db, arn))?.state
const disable = (key: KmsKey) => void Object.assign(key, { state: 'Disabled' })
const enable = (key: KmsKey) => void Object.assign(key, { state: 'Enabled' })
const toldOf = async (id: string) => (await kindsOf(h.deps, id)).filter((kind) => kind.startsWith('own-key'))
const healthOf = async (id: string) => {
  const resource = await findResource(h.deps.db, id)
  if (!resource) throw new Error('gone')
  return await readHealth(h.deps.db, resource, await stateOf(h.deps, id), h.clock.now())
}
async function suspended(): Promise<{ key: KmsKey; id: string }> {
  const key = customerKey(aws.kms)
  const id = await addonUnder(key)
  disable(key)
  await watch(720)
  expect(await stateOfKey(key)).toBe('suspended')
  return { key, id }
}

describe('a key that is disabled', () => {
  test('changes nothing for ten minutes but that it is said, and then suspends what it protects, told once', async () => {
    const key = customerKey(aws.kms)
    const id = await addonUnder(key)
    await watch(60)
    disable(key)
    await watch(120)
    const waiting = await healthOf(id)
    expect(waiting).toMatchObject({ state: 'own-key-waiting', customer: expect.stringContaining(key.arn) })
    expect(waiting.until).toEqual((await findOwnKey(h.deps.db, key.arn))?.deadline)
    expect(await toldOf(id)).toEqual([])
    await watch(450)
    expect(await stateOfKey(key)).toBe('waiting')
    await watch(150)
    expect(await stateOfKey(key)).toBe('suspended')
    expect(await healthOf(id)).toMatchObject({ state: 'own-key-suspended' })
    await watch(300)
    expect(await toldOf(id)).toEqual(['own-key-suspended'])
    expect((await historyOf(h.deps, id)).at(-1)?.details).toEqual({
      encryptionKey: key.arn,
      said: 'Disabled',
    })
  })

  test('and enabled again within them changes nothing, over and over', async () => {
    const key = customerKey(aws.kms)
    const id = await addonUnder(key)
    for (let turn = 0; turn < 4; turn += 1) {
      disable(key)
      await watch(560)
      expect(await stateOfKey(key)).toBe('waiting')
      enable(key)
      await watch(70)
      expect(await stateOfKey(key)).toBe('active')
    }
    expect(await toldOf(id)).toEqual([])
  })

  test('restores what it protects within two minutes when it is enabled, told once', async () => {
    const { key, id } = await suspended()
    enable(key)
    await watch(120)
    expect(await stateOfKey(key)).toBe('active')
    expect(await toldOf(id)).toEqual(['own-key-suspended', 'own-key-restored'])
    expect((await healthOf(id)).state).not.toContain('own-key')
    const shown = await revealKey(h.deps, { resourceId: id, actor: ANN, version: 2 })
    expect(shown.outcome).toBe('revealed')
  })

  test('is found out early when a rotation meets it', async () => {
    const key = customerKey(aws.kms)
    await addonUnder(key)
    await watch(10)
    await h.deps.db
      .updateTable('own_keys')
      .set({ wake_at: new Date(h.clock.now().getTime() + DAY) })
      .execute()
    h.clock.advance(14 * DAY)
    await h.deps.db
      .updateTable('own_keys')
      .set({ wake_at: new Date(h.clock.now().getTime() + DAY) })
      .execute()
    disable(key)
    await h.worker().tick()
    await watch(20)
    expect(await stateOfKey(key)).toBe('waiting')
  })
})

describe('while an add-on is suspended', () => {
  test('no key is rotated, revoked, verified, shown or read, in any process, whatever that has cached', async () => {
    const key = customerKey(aws.kms)
    const id = await addonUnder(key)
    const other = await h.anotherProcess()
    const dek = async () => (await findResource(other.db, id))?.dek
    const before = await dek()
    if (!before) throw new Error('no data key')
    await other.sealing.forResource(id, before)
    disable(key)
    await watch(720)
    const closed = { code: 'own-key-unusable', message: expect.stringContaining('suspended') }
    const about = { resourceId: id, actor: ANN }
    await expect(revealKey(h.deps, { ...about, version: 2 })).rejects.toMatchObject(closed)
    await expect(revokeKeys(h.deps, about)).rejects.toMatchObject(closed)
    await expect(requestRotation(h.deps, about)).rejects.toMatchObject(closed)
    await expect(verifyKey(h.deps, { resourceId: id, digest: 'abcdef01' })).rejects.toMatchObject(closed)
    const present = await dek()
    if (!present) throw new Error('no data key')
    expect(() => other.sealing.forResource(id, present)).toThrow(expect.objectContaining(closed))
    await expect(changePlan(h.deps, { resourceId: id, plan: 'shield-fortnightly' })).rejects.toMatchObject({
      code: 'unknown-plan',
      message: expect.stringContaining('suspended'),
    })
    expect(await kindsOf(h.deps, id)).not.toContain('keys-revoked')
  })

  test('its page says why and what to do, and still opens', async () => {
    const { key, id } = await suspended()
    const overview = await readOverview(h.deps, id)
    expect(overview.ownKeyArn).toBe(key.arn)
    const now = nowModel(overview)
    expect(now).toMatchObject({ state: 'broken', headline: expect.stringContaining('Suspended'), next: null })
    expect(now.problem).toContain('Enable the key')
    expect(now.problem).toContain('Your apps keep the keys')
  })

  test('a repeated provision request is refused without keys', async () => {
    const key = customerKey(aws.kms)
    const body = provisionBody({ plan: 'private-fortnightly', options: { 'encryption-key': key.arn } })
    await callPartnerApi(h.app, { method: 'POST', body })
    disable(key)
    await watch(720)
    const { status, text } = await callPartnerApi(h.app, { method: 'POST', body })
    expect(status).toBe(503)
    expect(text).not.toMatch(/[0-9A-F]{64}/)
  })

  test('nobody is told that its rotation is coming or late', async () => {
    const { id } = await suspended()
    const log = { resourceId: id, channel: 'log', id: 'log' } as const
    await h.deps.db.deleteFrom('notice_cursors').execute()
    await h.deps.db.transaction().execute((trx) => insertCursor(trx, { ...log, lane: 'log' }))
    h.clock.advance(14 * DAY)
    const told = async () => {
      await h.deps.db.updateTable('notice_cursors').set({ wake_at: h.clock.now() }).execute()
      const found = await lookForNotices(h.deps, 10)
      return found?.flatMap(({ due }) => due.due.map(({ notice }) => notice.kind))
    }
    expect(await told()).toEqual([])
    h.clock.advance(2 * HOUR)
    expect(await told()).toEqual([])
  })

  test('it can be removed, without a call to AWS', async () => {
    const { key, id } = await suspended()
    const before = aws.kms.calls().length
    await deprovision(h.deps, { resourceId: id })
    expect(aws.kms.calls()).toHaveLength(before)
    await watch(120)
    // It protects nothing any more, so nobody looks at it.
    const row = await h.deps.db
      .selectFrom('own_keys')
      .selectAll()
      .where('arn', '=', key.arn)
      .executeTakeFirst()
    expect(row?.wake_at).toBeNull()
  })

  test('its rotations are held without an attempt, and made after the restoration, spread out', async () => {
    await h.heroku.customer.createApp('service-1')
    const key = customerKey(aws.kms)
    const options = { 'encryption-key': key.arn }
    const addon = await h.heroku.customer.createAddon({
      app: 'service-1',
      plan: 'private-fortnightly',
      options,
    })
    await expect.poll(() => kindsOf(h.deps, addon.id)).toContain('grant-exchanged')
    const before = keysOn(h)
    h.clock.advance(14 * DAY - 11 * MINUTE)
    disable(key)
    await watch(720)
    const worker = h.worker()
    await worker.tick()
    h.clock.advance(MINUTE)
    await worker.tick()
    expect(await stateOf(h.deps, addon.id)).toMatchObject({ attempts: 0, rotation: null })
    expect(keysOn(h)).toEqual(before)
    enable(key)
    await watch(120)
    await worker.tick()
    expect(keysOn(h).second).toBe(before.first)
  })
})

describe('what is not the customer’s doing suspends nobody', () => {
  test.each<[string, () => void]>([
    ['an outage of AWS', () => aws.kms.faults.add({ kind: 'status', status: 503, times: 100_000 })],
    ['our own credentials', () => void Object.assign(aws.partner, { expired: true })],
    ['a clock of ours that is off', () => failing('RequestTimeTooSkewed', 403)],
    ['a signature that AWS does not take', () => failing('SignatureDoesNotMatch', 403)],
    ['throttling, as long as it lasts', () => failing('ThrottlingException', 400)],
    ['an action that nobody knows', () => failing('UnknownOperationException', 400)],
  ])('%s', async (_name, breakIt) => {
    const key = customerKey(aws.kms)
    const id = await addonUnder(key)
    breakIt()
    // Each look makes real retries, so there are few.
    for (let look = 0; look < 3; look += 1) {
      h.clock.advance(10 * MINUTE)
      for (const claimed of await claimDueOwnKeys(h.deps, 10)) await lookAtOwnKey(h.deps, claimed)
    }
    expect(await stateOfKey(key)).toBe('active')
    expect(await toldOf(id)).toEqual([])
  })

  test('rights that were taken from us altogether, as a key of our own tells', async () => {
    const key = customerKey(aws.kms)
    await addonUnder(key)
    key.policy = policyFor([])
    const canary = h.config.kms?.canary ?? ''
    const own = aws.kms.key(canary)
    const policy = own?.policy
    Object.assign(own ?? {}, { policy: { Statement: [] } })
    await watch(900)
    expect(await stateOfKey(key)).toBe('active')
    // One line for each look.
    const lines = h.logLines.filter((line) => line.includes(key.arn)).map((line) => JSON.parse(line).msg)
    expect(new Set(lines)).toEqual(new Set(['refused by AWS, which may be for our own rights']))
    Object.assign(own ?? {}, { policy })
    await watch(900)
    expect(await stateOfKey(key)).toBe('suspended')
  })

  test.each(['kms:DescribeKey', 'kms:Decrypt'])(
    'our own right %s alone, which a key of our own misses too',
    async (lost) => {
      const key = customerKey(aws.kms)
      await addonUnder(key)
      const rights = KMS_RIGHTS.filter((right) => right !== lost)
      key.policy = policyFor(rights)
      const own = aws.kms.key(h.config.kms?.canary ?? '')
      const policy = own?.policy
      const Principal = { AWS: `arn:aws:iam::${PARTNER_ACCOUNT}:root` }
      const left = { Statement: [{ Effect: 'Allow', Principal, Action: rights, Resource: '*' }] }
      Object.assign(own ?? {}, { policy: left })
      await watch(900)
      Object.assign(own ?? {}, { policy })
      expect(await stateOfKey(key)).toBe('active')
    },
  )

  test('a data key that was altered: it is an alarm', async () => {
    const key = customerKey(aws.kms)
    await addonUnder(key)
    await h.deps.db
      .updateTable('resources')
      .set({ wrapped_dek: Buffer.from('altered') })
      .where('kek_id', '=', key.arn)
      .execute()
    await watch(120)
    expect(await stateOfKey(key)).toBe('active')
    expect(h.logLines.join()).toContain('data key does not open')
  })
})

describe('of whoever plays AWS the worse word counts', () => {
  test.each([
    ['opens what a disabled key has wrapped', { action: 'Decrypt', type: '' }],
    ['does not know how to open', { action: 'Decrypt', type: 'UnknownOperationException' }],
    ['does not know how to describe', { action: 'DescribeKey', type: 'UnknownOperationException' }],
  ])('one that %s', async (_name, { action, type }) => {
    const key = customerKey(aws.kms)
    await addonUnder(key)
    const { kms } = h.deps
    if (!kms) throw new Error('no access to AWS is set')
    const deps = { ...h.deps }
    // As moto does: the state of a key stops none but its description.
    if (type) aws.kms.faults.add({ kind: 'exception', type, action, times: 100_000 })
    else deps.kms = { ...kms, openDataKey: async () => ({ ok: true, value: Buffer.alloc(32) }) }
    disable(key)
    await watch(800, deps)
    expect(await stateOfKey(key)).toBe('suspended')
  })
})

test('a key that is deleted is lost, and only removing the add-on is left', async () => {
  const key = customerKey(aws.kms)
  const id = await addonUnder(key)
  Object.assign(key, { state: 'PendingDeletion' })
  await watch(720)
  expect(await stateOfKey(key)).toBe('suspended')
  // The fake sweeps it away at the next call.
  Object.assign(key, { deletionAt: new Date('2026-03-03T11:00:00Z') })
  await watch(180)
  expect(await stateOfKey(key)).toBe('lost')
  expect(await toldOf(id)).toEqual(['own-key-suspended', 'own-key-lost'])
  expect(await healthOf(id)).toMatchObject({ state: 'own-key-lost' })
  await deprovision(h.deps, { resourceId: id })
})

test('of two workers at the deadline one writes, and each add-on is told once', async () => {
  const key = customerKey(aws.kms)
  const ids = await Promise.all([addonUnder(key), addonUnder(key), addonUnder(key)])
  disable(key)
  const other = await h.anotherProcess()
  await watchToDeadline(key)
  const [claimed] = await claimDueOwnKeys(h.deps, 10)
  // The first is so slow that its lease ends, and another takes over.
  h.clock.advance(65 * SECOND)
  const [again] = await claimDueOwnKeys(other, 10)
  if (!claimed || !again) throw new Error('nothing was claimed')
  await Promise.all([lookAtOwnKey(h.deps, claimed), lookAtOwnKey(other, again)])
  expect(await stateOfKey(key)).toBe('suspended')
  await watch(60)
  for (const id of ids) expect(await toldOf(id)).toEqual(['own-key-suspended'])
})

test('while all workers were away the key may have been mended and withdrawn again: its ten minutes begin anew', async () => {
  const key = customerKey(aws.kms)
  const id = await addonUnder(key)
  disable(key)
  await watch(120)
  h.clock.advance(HOUR)
  await watch(10)
  const found = await findOwnKey(h.deps.db, key.arn)
  expect(found).toMatchObject({ state: 'waiting', lookedAt: h.clock.now() })
  expect(found?.deadline).toEqual(new Date(h.clock.now().getTime() + 10 * MINUTE))
  expect(h.logLines.join()).toContain('its ten minutes begin anew')
  await watch(570)
  expect(await stateOfKey(key)).toBe('waiting')
  await watch(60)
  expect(await toldOf(id)).toEqual(['own-key-suspended'])
})

test('a worker whose lease has ended writes nothing of what it saw', async () => {
  const key = customerKey(aws.kms)
  await addonUnder(key)
  disable(key)
  await watchToDeadline(key)
  const [late] = await claimDueOwnKeys(h.deps, 10)
  h.clock.advance(65 * SECOND)
  const [present] = await claimDueOwnKeys(h.deps, 10)
  if (!late || !present) throw new Error('nothing was claimed')
  await lookAtOwnKey(h.deps, present)
  expect(await stateOfKey(key)).toBe('suspended')
  enable(key)
  // It claimed a key that was waiting, and finds one that works.
  await lookAtOwnKey(h.deps, late)
  expect(await stateOfKey(key)).toBe('suspended')
})

test('a worker that dies between the suspension and its telling leaves the telling to the next look', async () => {
  const key = customerKey(aws.kms)
  const id = await addonUnder(key)
  disable(key)
  await watch(60)
  await h.deps.db
    .updateTable('own_keys')
    .set({ state: 'suspended', deadline: null, since: h.clock.now() })
    .where('arn', '=', key.arn)
    .execute()
  expect(await toldOf(id)).toEqual([])
  await watch(70)
  expect(await toldOf(id)).toEqual(['own-key-suspended'])
})

test('a key costs two calls a minute, however many add-ons it protects', async () => {
  const key = customerKey(aws.kms)
  const id = await addonUnder(key)
  // Copies of its row, as if there were ten thousand.
  await sql`
    insert into resources (id, state, plan, rotation_period_seconds, kek_id, wrapped_dek, notice_kek_id, notice_dek, created_at)
    select gen_random_uuid(), state, plan, rotation_period_seconds, kek_id, wrapped_dek, notice_kek_id, notice_dek, created_at
      from resources, generate_series(1, 10000) where id = ${id}`.execute(h.deps.db)
  const before = aws.kms.calls().length
  await watch(600)
  expect(aws.kms.calls().length - before).toBeLessThanOrEqual(2 * 12)
  await sql`delete from resources where kek_id = ${key.arn} and id <> ${id}`.execute(h.deps.db)
})
