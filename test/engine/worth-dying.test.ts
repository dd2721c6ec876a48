import { sql } from 'kysely'
import { expect, test } from 'vitest'
import { startHarness } from '../support/harness.ts'
import { mortalProcess } from './support/mortal-process.ts'
import { worthDying } from './support/worth-dying.ts'

test('a process dies once before it changes anything, and after each statement, commit or call that may have changed something', async () => {
  const h = await startHarness()
  const mortal = mortalProcess(h.deps, h.databaseUrl)
  await mortal.live(async ({ db }) => {
    await sql`select 1 from resources`.execute(db)
    await sql`update heroku_budget set next_call_at = now()`.execute(db)
    await sql`update heroku_budget set next_call_at = now() where false`.execute(db)
    await sql`with w as (update heroku_budget set next_call_at = now()) select 2 from keysets`.execute(db)
    await db.transaction().execute(async (trx) => {
      await sql`select 3 from heroku_budget for no key update`.execute(trx)
      await sql`select 4 from oauth_grants`.execute(trx)
    })
    await db.transaction().execute(async (trx) => {
      await sql`select 5 from oauth_tokens`.execute(trx)
      await sql`update heroku_budget set next_call_at = now()`.execute(trx)
    })
    await sql`select 6 from history`.execute(db)
  })
  await mortal.end()
  expect(worthDying(mortal.points).map(({ name }) => name)).toEqual([
    'before select resources',
    'after update heroku_budget',
    'after select keysets',
    'after commit of select oauth_tokens, update heroku_budget',
  ])
})
