import { expect, test } from 'vitest'
import type { HistoryEvent } from '../../src/domain/history.ts'
import { requestRotation } from '../../src/flows/dashboard/request-rotation.ts'
import { revealKey } from '../../src/flows/dashboard/reveal-key.ts'
import { signOn } from '../../src/flows/dashboard/sign-on.ts'
import type { Deps } from '../../src/flows/deps.ts'
import { createGrantFinish } from '../../src/flows/grants/finish-grant.ts'
import { createHerokuSession } from '../../src/flows/heroku/heroku-session.ts'
import { deprovision } from '../../src/flows/provisioning/deprovision.ts'
import { recordEvents } from '../../src/store/history.ts'
import { lockState } from '../../src/store/keysets.ts'
import { loadTokens } from '../../src/store/oauth-tokens.ts'
import { shredResource } from '../../src/store/resource-ends.ts'
import { findResource } from '../../src/store/resources.ts'
import { tickOf } from '../engine/support/ticks.ts'
import { type HarnessWithAddon, startWithAddon } from '../support/addon.ts'
import { HOUR, SSO_SALT } from '../support/harness.ts'
import { historyOf } from '../support/resource.ts'
import { whenWaiting } from './support/when-waiting.ts'

const actor = { type: 'operator' } as const
const ROUNDS = 12

/** What writes into a history beside each other: each on a pool of its own, like processes. */
const WRITERS: Readonly<
  Record<string, (h: HarnessWithAddon, deps: Deps, round: number) => Promise<unknown>>
> = {
  async promotion(h, deps) {
    await requestRotation(deps, { resourceId: h.addon.id, actor, evenIfTooSoon: true })
    await tickOf(deps)
    // For the retry, where the token was just being refreshed: the wait grows with each.
    h.clock.advance(HOUR)
  },
  async 'sign-on'(h, deps, round) {
    const { fields } = h.heroku.customer.ssoForm({ addon: h.addon.name, userId: `user-${round}` })
    await signOn(deps, { fields, salt: SSO_SALT, address: null, sessionOf: () => undefined })
  },
  async reveal(h, deps) {
    await revealKey(deps, { resourceId: h.addon.id, actor, version: 2 })
  },
  async 'token refresh'(h, deps, round) {
    // Not too often, or no push would ever find a token that is good.
    if (round % 4 === 0) await refresh(h, deps)
  },
}

/** All of them at the same time, each again and again, until they have had their rounds. */
async function writeAll(h: HarnessWithAddon): Promise<void> {
  const work = Object.values(WRITERS).map(async (write) => {
    const deps = await h.anotherProcess()
    for (let round = 0; round < ROUNDS; round += 1) await write(h, deps, round)
  })
  await Promise.all(work)
}

/** Reads on from the last number it saw, a few rows at a time, until nobody writes any more and nothing is left. */
async function follow(deps: Deps, resourceId: string, ended: () => boolean): Promise<number[]> {
  const seen: number[] = []
  for (;;) {
    const last = ended()
    const rows = await deps.db
      .selectFrom('history')
      .select('seq')
      .where('resource_id', '=', resourceId)
      .where('seq', '>', seen.at(-1) ?? 0)
      .orderBy('seq')
      .limit(3)
      .execute()
    seen.push(...rows.map(({ seq }) => seq))
    if (last && rows.length === 0) return seen
  }
}

const upTo = (count: number) => Array.from({ length: count }, (_, index) => index + 1)

test('rows that promotions, sign-ons, reveals and refreshes write at the same time are numbered without gap or repeat', async () => {
  const h = await startWithAddon()
  await writeAll(h)
  // Every push of those rounds may have met a refresh: this one meets none.
  await tickOf(h.deps)
  const rows = await historyOf(h.deps, h.addon.id)
  expect(rows.map(({ seq }) => seq)).toEqual(upTo(rows.length))
  const written = (kind: string) => rows.filter((row) => row.kind === kind).length
  expect(written('signed-in')).toBe(ROUNDS)
  expect(written('rotated')).toBeGreaterThan(0)
  expect(written('key-revealed')).toBeGreaterThan(0)
  expect(written('access-token-refreshed')).toBeGreaterThan(0)
})

test('whoever reads on from the last number, while others write, sees every row once and in order', async () => {
  const h = await startWithAddon()
  const readers = [await h.anotherProcess(), await h.anotherProcess()]
  let ended = false
  const followed = readers.map((deps) => follow(deps, h.addon.id, () => ended))
  await writeAll(h).finally(() => {
    ended = true
  })
  const rows = await historyOf(h.deps, h.addon.id)
  for (const seen of await Promise.all(followed)) expect(seen).toEqual(upTo(rows.length))
})

test('a number is taken under the lock of the resource: a second writer waits until the first one’s row is there', async () => {
  const h = await startWithAddon()
  const other = await h.anotherProcess()
  const { length } = await historyOf(h.deps, h.addon.id)
  const ended: string[] = []
  const first = h.deps.db.transaction().execute(async (trx) => {
    await recordEvents(trx, [{ resourceId: h.addon.id, events: [eventAt(h, 'first')] }])
    const second = other.db
      .transaction()
      .execute((trx) => recordEvents(trx, [{ resourceId: h.addon.id, events: [eventAt(h, 'second')] }]))
      .then(() => ended.push('second'))
    await whenWaiting(h.deps.db)
    ended.push('first')
    return { second }
  })
  await (await first).second
  expect(ended).toEqual(['first', 'second'])
  const rows = (await historyOf(h.deps, h.addon.id)).slice(length)
  expect(rows.map(({ seq, details }) => [seq, details?.note])).toEqual([
    [length + 1, 'first'],
    [length + 2, 'second'],
  ])
})

test('what is rolled back leaves no gap', async () => {
  const h = await startWithAddon()
  const { length } = await historyOf(h.deps, h.addon.id)
  const failing = h.deps.db.transaction().execute(async (trx) => {
    await recordEvents(trx, [{ resourceId: h.addon.id, events: [eventAt(h, 'undone')] }])
    throw new Error('changed my mind')
  })
  await expect(failing).rejects.toThrow('changed my mind')
  await requestRotation(h.deps, { resourceId: h.addon.id, actor })
  expect((await historyOf(h.deps, h.addon.id)).slice(length)).toMatchObject([
    { seq: length + 1, kind: 'rotation-requested' },
  ])
})

test('nothing is written behind the end of an add-on, however many are just writing', async () => {
  const h = await startWithAddon()
  const writing = writeAll(h).catch((error: unknown) => error)
  await expect.poll(async () => (await historyOf(h.deps, h.addon.id)).length).toBeGreaterThan(10)
  await deprovision(h.deps, { resourceId: h.addon.id })
  expect(await writing).toMatchObject({ code: 'resource-gone' })
  const rows = await historyOf(h.deps, h.addon.id)
  expect(rows.map(({ seq }) => seq)).toEqual(upTo(rows.length))
  expect(rows.at(-1)?.kind).toBe('deprovisioned')
})

test.each<[string, (h: HarnessWithAddon, deps: Deps) => Promise<unknown>]>([
  ['a refresh of tokens', (h, deps) => refresh(h, deps)],
  [
    'the end of a grant',
    async (h, deps) => {
      await deps.db
        .updateTable('oauth_grants')
        .set({ state: 'waiting', sealed_code: Buffer.from('code'), wake_at: h.clock.now() })
        .execute()
      await createGrantFinish(deps)({ resourceId: h.addon.id, fence: '1' }, null)
    },
  ],
])('%s waits for a deprovision under way, and does not hold it up', async (_what, write) => {
  const h = await startWithAddon()
  const other = await h.anotherProcess()
  const { length } = await historyOf(h.deps, h.addon.id)
  const writing = await h.deps.db.transaction().execute(async (trx) => {
    await lockState(trx, h.addon.id)
    const writing = write(h, other)
    await whenWaiting(h.deps.db)
    await shredResource(trx, h.addon.id, h.clock.now())
    return { writing }
  })
  await writing.writing
  expect(await historyOf(h.deps, h.addon.id)).toHaveLength(length)
  for (const table of ['oauth_tokens', 'oauth_grants'] as const) {
    expect(await h.deps.db.selectFrom(table).selectAll().execute()).toEqual([])
  }
})

/** Calls Heroku with a token that it no longer takes. */
async function refresh(h: HarnessWithAddon, deps: Deps): Promise<void> {
  const resource = await findResource(deps.db, h.addon.id)
  if (!resource?.dek) return
  const { dek, address } = resource
  const sealer = await deps.sealing.forResource(h.addon.id, dek)
  const token = await loadTokens(deps.db, h.addon.id)
  h.heroku.revokeToken(h.addon.id)
  const caller = { resourceId: h.addon.id, name: null, address, sealer, dek, token, grantWaiting: false }
  await createHerokuSession(deps, caller).readConfig()
}

function eventAt(h: HarnessWithAddon, note: string): HistoryEvent {
  return { at: h.clock.now(), kind: 'config-gone', actor: { type: 'worker' }, details: { note } }
}
