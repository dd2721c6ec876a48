import { sql } from 'kysely'
import { expect, test } from 'vitest'
import { requestRotation } from '../../src/flows/dashboard/request-rotation.ts'
import { revokeKeys } from '../../src/flows/dashboard/revoke-keys.ts'
import type { Db } from '../../src/store/database.ts'
import { ask, handedOverTo } from '../api/support/client.ts'
import { ANN } from '../api/support/token.ts'
import { keysOn, pushes, startWithAddon } from '../support/addon.ts'
import { type Backup, backUp, backUpRows } from '../support/backup.ts'
import { DAY, HOUR } from '../support/harness.ts'
import { stateOf } from '../support/resource.ts'

/** All tables, history and all, but the row that says what installation this is: nothing looks like a restored backup. */
async function backUpUnseen(db: Db): Promise<Backup> {
  const backup = await backUp(db)
  return {
    async restore(to) {
      const present = await to.selectFrom('installation').selectAll().executeTakeFirst()
      await backup.restore(to)
      if (present) await to.updateTable('installation').set(present).execute()
    },
  }
}

/** A key leaked and was revoked; then somebody who can write the database puts its rows and its data key back. */
async function startWithPutBack(kept: typeof backUp) {
  const h = await startWithAddon({ plan: 'weekly' })
  const leaked = keysOn(h)
  const rows = await kept(h.deps.db)
  h.clock.advance(DAY)
  await revokeKeys(h.deps, { resourceId: h.addon.id, actor: { type: 'operator' } })
  await h.worker1.tick()
  expect(keysOn(h).first).not.toBe(leaked.first)
  await rows.restore(h.deps.db)
  return { ...h, leaked }
}

type Started = Awaited<ReturnType<typeof startWithPutBack>>

async function expectNeverAgain(h: Started): Promise<void> {
  const pushed = pushes(h).length
  for (let day = 0; day < 16; day += 1) {
    h.clock.advance(DAY)
    await h.worker1.tick()
    h.clock.advance(HOUR)
    await h.worker1.tick()
    const { first, second } = keysOn(h)
    expect([first, second]).not.toContain(h.leaked.first)
  }
  for (const value of pushes(h).slice(pushed)) expect(value).not.toContain(h.leaked.first)
}

const WRITERS = [
  ['puts back rows and data key', backUpRows],
  ['takes the history back with them', backUp],
  ['hides that as well', backUpUnseen],
] as const

test.each(WRITERS)('a writer who %s brings no leaked key to an app by a check', async (_what, kept) => {
  await expectNeverAgain(await startWithPutBack(kept))
})

test.each(WRITERS)(
  'a writer who %s, and has the secret of a client, gets no key by a revoked one',
  async (_what, kept) => {
    const h = await startWithAddon({ plan: 'weekly' })
    const { text: secret } = await handedOverTo(h)
    const leaked = keysOn(h)
    await requestRotation(h.deps, { resourceId: h.addon.id, actor: ANN, evenIfTooSoon: true })
    await h.worker1.tick()
    const rows = await kept(h.deps.db)
    h.clock.advance(DAY)
    await revokeKeys(h.deps, { resourceId: h.addon.id, actor: { type: 'operator' } })
    await h.worker1.tick()
    const present = keysOn(h)
    const client = await h.deps.db.selectFrom('api_tokens').selectAll().executeTakeFirstOrThrow()
    await rows.restore(h.deps.db)
    await h.deps.db
      .insertInto('api_tokens')
      .values(client)
      .onConflict((c) => c.doNothing())
      .execute()
    await h.deps.db.updateTable('resources').set({ hands_over: true }).execute()
    for (let hour = 0; hour < 30; hour += 1) {
      const { opened } = await ask(h, { key: leaked.first, secret })
      // The rows that were put back hold the old keys alone.
      expect(opened?.keyring.secure_key ?? '').not.toContain(present.first)
      h.clock.advance(HOUR)
      await h.worker1.tick()
    }
  },
)

test('the present key and the data key of a revoked one do not stand in one row: a mixture opens nothing', async () => {
  const h = await startWithAddon({ plan: 'weekly' })
  const { text: secret } = await handedOverTo(h)
  const leaked = keysOn(h).first
  const { current: version } = (await stateOf(h.deps, h.addon.id)).keyset
  const old = await h.deps.db
    .selectFrom('sealed_keys')
    .selectAll()
    .where('version', '=', version)
    .executeTakeFirstOrThrow()
  const { wrapped_dek } = await h.deps.db
    .selectFrom('resources')
    .select('wrapped_dek')
    .executeTakeFirstOrThrow()
  await revokeKeys(h.deps, { resourceId: h.addon.id, actor: { type: 'operator' } })
  await h.worker1.tick()
  const present = keysOn(h).first
  await h.deps.db.insertInto('sealed_keys').values(old).execute()
  await h.deps.db.updateTable('resources').set({ hands_over: true }).execute()
  const soon = new Date(h.clock.now().getTime() + DAY)
  await h.deps.db
    .updateTable('keysets')
    .set({ second: version, second_filler: false, second_until: soon, revoked_to: 0 })
    .execute()
  for (const dek of [undefined, wrapped_dek]) {
    if (dek) await h.deps.db.updateTable('resources').set({ wrapped_dek: dek }).execute()
    const { status, text, opened } = await ask(h, { key: leaked, secret })
    expect([status >= 400, opened]).toEqual([true, undefined])
    expect(text).not.toContain(present)
  }
})

// Who takes the history back too, and makes a rotation due before any check, is not stopped: SECURITY.md says so.
test('nor, as long as the history stands, by a rotation that he makes due', async () => {
  const h = await startWithPutBack(backUpRows)
  const now = h.deps.now()
  await h.deps.db
    .updateTable('keysets')
    .set({
      next_rotation_at: now,
      wake_at: now,
      check_at: sql<Date>`${now}::timestamptz + interval '90 days'`,
    })
    .execute()
  await h.worker1.tick()
  await expectNeverAgain(h)
})
