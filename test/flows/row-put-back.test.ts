import { sql } from 'kysely'
import { expect, test } from 'vitest'
import { revokeKeys } from '../../src/flows/dashboard/revoke-keys.ts'
import type { Db } from '../../src/store/database.ts'
import { keysOn, pushes, startWithAddon } from '../support/addon.ts'
import { type Backup, backUp, backUpRows } from '../support/backup.ts'
import { DAY, HOUR } from '../support/harness.ts'

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
