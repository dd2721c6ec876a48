import { describe, expect, test } from 'vitest'
import { requestRotation } from '../../src/flows/dashboard/request-rotation.ts'
import { revokeKeys } from '../../src/flows/dashboard/revoke-keys.ts'
import { askAnother } from '../../src/flows/heroku/ask-another.ts'
import { tellCollaborators } from '../../src/flows/notices/mail/tell-collaborators.ts'
import { listOrphans, removeOrphan } from '../../src/flows/operations/remove-orphan.ts'
import { claimDueMakerLooks, LOOK_EVERY_MS, lookAtMakers } from '../../src/flows/tokens/look-at-makers.ts'
import { makeToken } from '../../src/flows/tokens/make-token.ts'
import { readTokens } from '../../src/flows/tokens/tokens.ts'
import { ANN } from '../api/support/token.ts'
import { callsBesideNotices, callsTo, keysOn } from '../support/addon.ts'
import { DAY, HOUR, MINUTE, PASSWORD, startHarness } from '../support/harness.ts'
import {
  addLegacyAddon,
  type LegacyAddon,
  legacyPushes,
  overLegacyApi,
  putConfig,
} from '../support/legacy.ts'
import { depsWithMail } from '../support/mail-addresses.ts'
import { accepts, kindsOf, stateOf } from '../support/resource.ts'
import { sharedHarness } from '../support/shared-harness.ts'

const actor = { type: 'operator' } as const

describe('over the legacy partner API', () => {
  const shared = sharedHarness(overLegacyApi())

  async function tickAfter(ms: number): Promise<void> {
    shared().clock.advance(ms)
    await shared().worker().tick()
  }
  const keyringOf = (addon: LegacyAddon) => JSON.parse(varsOf(addon).SECURE_KEYRING ?? '')
  const varsOf = ({ app }: LegacyAddon) => shared().heroku.view.configVars(app)
  const keyOf = (addon: LegacyAddon, wanted: string) =>
    keyringOf(addon).keys.find(({ use }: { use: string }) => use === wanted)

  test('a due rotation puts one new key in front, to every attached app, without any token', async () => {
    const h = shared()
    const addon = await addLegacyAddon(h)
    await h.heroku.customer.createApp('service-2')
    await h.heroku.customer.attach({ addon: addon.name, app: 'service-2', as: 'OTHER' })
    const before = keysOn(h, addon.app)
    await tickAfter(14 * DAY)
    const after = keysOn(h, addon.app)
    expect(after.second).toBe(before.first)
    expect(after.first).not.toBe(before.first)
    expect(keysOn(h, 'service-2', 'OTHER_KEY')).toEqual(after)
    expect(legacyPushes(h, addon)).toEqual([`${after.first},${after.second}`])
    expect(callsTo(h, 'POST', '/oauth/token')).toEqual([])
    expect(await h.deps.db.selectFrom('oauth_grants').selectAll().execute()).toEqual([])
  })

  test('the keyring bears witness as ever, in the same release as the pair', async () => {
    const h = shared()
    const addon = await addLegacyAddon(h)
    const releases = h.heroku.view.releases(addon.app).length
    await tickAfter(14 * DAY)
    expect(h.heroku.view.releases(addon.app)).toHaveLength(releases + 1)
    const { keyset } = await stateOf(h.deps, addon.resourceId)
    expect(keyOf(addon, 'sign').version).toBe(keyset.current)
    expect(keyringOf(addon).mac).toContain('k1')
  })

  test('every path is called as Heroku wrote it, percent-encoding and all', async () => {
    const h = shared()
    const addon = await addLegacyAddon(h)
    await tickAfter(14 * DAY)
    const paths = h.heroku.view.apiCalls().filter(({ addonId }) => addonId === addon.id)
    expect(new Set(paths.map(({ path }) => path))).toEqual(
      new Set([expect.stringMatching(/^\/vendor\/apps\/app[0-9]+%40heroku\.com$/)]),
    )
  })

  test.each([
    ['cut off half way', 'truncated-body'],
    ['a 503 although it arrived', 'status-after-write'],
    ['a page that is no JSON', 'garbage-body'],
    ['a connection that was reset', 'lost-answer'],
  ] as const)('an answer that says nothing costs no second restart: %s', async (_what, kind) => {
    const h = shared()
    const addon = await addLegacyAddon(h)
    h.heroku.faults.add({ match: { method: 'PUT', addon: addon.id }, kind })
    await tickAfter(14 * DAY)
    await tickAfter(5 * MINUTE)
    expect(legacyPushes(h, addon)).toHaveLength(1)
    const { rotation, keyset } = await stateOf(h.deps, addon.resourceId)
    expect([rotation, keyset.pending]).toEqual([null, null])
  })

  test('a pair that was never made here stops the pushing, and is left alone', async () => {
    const h = shared()
    const addon = await addLegacyAddon(h)
    const foreign = `${'A'.repeat(64)},${'B'.repeat(64)}`
    expect(await putConfig(h, addon, { SECURE_KEY: foreign })).toBe(200)
    await tickAfter(DAY + HOUR)
    expect(await kindsOf(h.deps, addon.resourceId)).toContain('config-foreign')
    await tickAfter(14 * DAY)
    expect(legacyPushes(h, addon)).toEqual([foreign])
    expect(varsOf(addon).SECURE_KEY).toBe(foreign)
  })

  test('vars that are gone are put back once', async () => {
    const h = shared()
    const addon = await addLegacyAddon(h)
    const before = varsOf(addon).SECURE_KEY
    await h.heroku.customer.rollback(addon.app, 1)
    expect(varsOf(addon)).toEqual({})
    await tickAfter(DAY + HOUR)
    expect(varsOf(addon).SECURE_KEY).toBe(before)
    expect(await kindsOf(h.deps, addon.resourceId)).toContain('config-repaired')
  })

  test('a revoke leaves no old key valid', async () => {
    const h = shared()
    const addon = await addLegacyAddon(h)
    const old = keysOn(h, addon.app)
    await revokeKeys(h.deps, { resourceId: addon.resourceId, actor })
    await tickAfter(0)
    const present = Object.values(keysOn(h, addon.app))
    for (const key of [old.first, old.second]) {
      expect(present).not.toContain(key)
      expect(await accepts(h.deps, addon.resourceId, key)).toBe(false)
    }
  })

  test('the next key is announced with the answer, and signs after the next rotation', async () => {
    const h = shared()
    const addon = await addLegacyAddon(h, { next: 'true' })
    const { key } = keyOf(addon, 'next')
    expect(key).toMatch(/^[0-9A-F]{64}$/)
    await tickAfter(14 * DAY)
    expect(keysOn(h, addon.app).first).toBe(key)
  })

  test('a rotation is told in the log of the owning app, also where that has moved', async () => {
    const h = shared()
    const addon = await addLegacyAddon(h)
    // A target looks a little after a rotation; and where the log is, is asked for when no rotation needs the budget.
    const told = async () => {
      await tickAfter(MINUTE)
      const lines = h.heroku.view.logs().filter(({ addonId }) => addonId === addon.id)
      // At least once: a repeat has the same id.
      const done = lines.filter(({ text }) => text.includes('rotation=done'))
      return new Set(done.map(({ text }) => / id=(\S+)/.exec(text)?.[1])).size
    }
    await tickAfter(14 * DAY)
    await expect.poll(told, { interval: 100 }).toBe(1)
    await h.heroku.customer.renewLogTokens(addon.name)
    await tickAfter(14 * DAY)
    await expect.poll(told, { interval: 100 }).toBe(2)
  })

  test('nobody is mailed whom only Heroku could name, and that is not tried again', async () => {
    const h = shared()
    const { resourceId } = await addLegacyAddon(h)
    const { deps, letters } = depsWithMail(h.deps)
    const { mailer } = deps
    if (!mailer) throw new Error('there is no mail')
    const at = h.clock.now()
    const notice = {
      id: 'n1',
      kind: 'keys-revoked',
      at,
      seq: 1,
      text: 'Keys were revoked.',
      facts: {},
    } as const
    const told = await tellCollaborators(
      { ...deps, mailer },
      resourceId,
      [notice],
      AbortSignal.timeout(5_000),
    )
    expect(told).toMatchObject({ told: 0, failure: { lasting: true } })
    expect(letters).toEqual([])
  })

  test('no app can be asked, so time decides: the old key leaves at the end of its grace period', async () => {
    const h = shared()
    const addon = await addLegacyAddon(h, { grace: '2d' })
    const old = keysOn(h, addon.app).first
    await h.heroku.customer.setReleaseCommand(addon.app, 'fails')
    await tickAfter(14 * DAY)
    await tickAfter(2 * DAY + MINUTE)
    expect(await accepts(h.deps, addon.resourceId, old)).toBe(false)
    expect(varsOf(addon).SECURE_KEY).not.toContain(old)
    expect([...callsTo(h, 'GET', '/releases'), ...callsTo(h, 'GET', '/addon-attachments')]).toEqual([])
  })

  test('a 404 while Heroku may not have made the add-on yet costs no attempt and is not believed', async () => {
    const h = shared()
    const addon = await addLegacyAddon(h)
    h.heroku.faults.add({ match: { addon: addon.id }, kind: 'status', status: 404 })
    await requestRotation(h.deps, { resourceId: addon.resourceId, actor, evenIfTooSoon: true })
    await tickAfter(MINUTE)
    expect(h.heroku.view.apiCalls().findLast(({ addonId }) => addonId === addon.id)?.status).toBe(404)
    expect(await stateOf(h.deps, addon.resourceId)).toMatchObject({ attempts: 0 })
    await tickAfter(MINUTE)
    expect(legacyPushes(h, addon)).toHaveLength(2)
    expect(await kindsOf(h.deps, addon.resourceId)).not.toContain('missing-at-heroku')
  })

  test('an add-on that never had tokens is no orphan; one that two 404 have called missing is, until it is found', async () => {
    const h = shared()
    const addon = await addLegacyAddon(h)
    await tickAfter(3 * DAY)
    expect(await listOrphans(h.deps, { limit: 10 })).toEqual({ orphans: [], total: 0 })
    h.heroku.faults.add({ match: { addon: addon.id }, kind: 'status', status: 404, times: 99 })
    await tickAfter(14 * DAY)
    expect(await kindsOf(h.deps, addon.resourceId)).not.toContain('missing-at-heroku')
    await tickAfter(5 * MINUTE)
    expect(await kindsOf(h.deps, addon.resourceId)).toContain('missing-at-heroku')
    h.clock.advance(2 * DAY)
    expect(await listOrphans(h.deps, { limit: 10 })).toMatchObject({ total: 1 })
    h.heroku.faults.clear()
    const removed = await removeOrphan(h.deps, { resourceId: addon.resourceId, actor })
    expect(removed).toEqual({ outcome: 'known-at-heroku' })
  })

  test('an add-on that is not due is asked where others fail, by the password too', async () => {
    const h = shared()
    const { resourceId } = await addLegacyAddon(h)
    const others = await h.deps.db
      .selectFrom('resources')
      .select('id')
      .where('id', '<>', resourceId)
      .execute()
    const except = others.map(({ id }) => id)
    const calls = callsBesideNotices(h).length
    await askAnother(h.deps, { operation: 'read', except }, AbortSignal.timeout(5_000))
    const [call, ...more] = callsBesideNotices(h).slice(calls)
    expect([call?.method, call?.status, more]).toEqual(['GET', 200, []])
  })

  test('a token outlives its maker’s leaving, since nobody tells who may work on an app', async () => {
    const h = shared()
    const { resourceId } = await addLegacyAddon(h)
    const wish = { name: 'ci', scopes: ['read'], lifeMs: 90 * DAY } as const
    await makeToken(h.deps, { resourceId, actor: ANN, ...wish })
    for (let days = 0; days < 4; days += 1) {
      h.clock.advance(LOOK_EVERY_MS)
      for (const look of await claimDueMakerLooks(h.deps, 10)) {
        await lookAtMakers(h.deps, look, AbortSignal.timeout(5_000))
      }
    }
    expect((await readTokens(h.deps, resourceId)).tokens).toHaveLength(1)
    expect(await claimDueMakerLooks(h.deps, 10)).toEqual([])
  })

  test('the password stands in no log line and in no row of the history', async () => {
    const h = shared()
    const rows = await h.deps.db.selectFrom('history').selectAll().execute()
    const written = h.logLines.join('') + JSON.stringify(rows)
    const basic = Buffer.from(`securekey:${PASSWORD}`).toString('base64')
    for (const secret of [PASSWORD, basic]) expect(written).not.toContain(secret)
  })
})

test('a password that Heroku refuses for all is our account’s trouble: it costs no add-on its schedule', async () => {
  const h = await startHarness(overLegacyApi())
  const addons = [await addLegacyAddon(h), await addLegacyAddon(h), await addLegacyAddon(h)]
  h.heroku.faults.add({ match: { path: '/vendor/' }, kind: 'status', status: 401, times: 9_999 })
  const worker = h.worker()
  h.clock.advance(14 * DAY)
  for (let minutes = 0; minutes < 20; minutes += 1) {
    await worker.tick()
    h.clock.advance(MINUTE)
  }
  expect(await h.deps.troubles.verdicts()).toMatchObject([{ owner: 'account', cause: 'account' }])
  for (const { resourceId } of addons) {
    expect((await stateOf(h.deps, resourceId)).rotation?.stuckSince ?? null).toBeNull()
  }
  h.heroku.faults.clear()
  for (let minutes = 0; minutes < 5; minutes += 1) {
    h.clock.advance(MINUTE)
    await worker.tick()
  }
  expect(await h.deps.troubles.verdicts()).toEqual([])
  for (const addon of addons) expect(legacyPushes(h, addon).length).toBeGreaterThan(0)
  for (const { resourceId } of addons) expect((await stateOf(h.deps, resourceId)).rotation).toBeNull()
})
