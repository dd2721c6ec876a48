import { sql } from 'kysely'
import { describe, expect, test } from 'vitest'
import type { Db } from '../../src/store/database.ts'
import { startStore, storeResource } from './support/start-store.ts'

/** A database with one resource: version 1 is previous, version 2 current. `ID` in a statement stands for its id. */
async function startWithResource() {
  const { db } = await startStore()
  const id = await storeResource(db, 1)
  return { db, run: (statement: string) => run(db, statement.replaceAll('ID', `'${id}'`)) }
}

async function run(db: Db, statement: string): Promise<void> {
  await sql.raw(statement).execute(db)
}

const DIGEST = `'\\x${'ab'.repeat(32)}'`
const KEY_COLUMNS =
  'resource_id, version, stage, filler, fingerprint, sealed_key, digest, created_at, retired_at'
const key = (values: string) => `insert into key_versions (${KEY_COLUMNS}) values (ID, ${values})`
const liveKey = (version: number, stage: string, filler = false) =>
  key(`${version}, '${stage}', ${filler}, '0a1b2c3d', 'sealed', ${DIGEST}, now(), null`)

const ROTATION_COLUMNS = 'resource_id, reason, state, due_at, opened_at, opened_by, closed_at'
const rotation = (reason: string, state: string, closedAt = 'null', dueAt = '2026-03-03T12:00:00Z') =>
  `insert into rotations (${ROTATION_COLUMNS}) values (ID, '${reason}', '${state}', '${dueAt}', now(), '{}', ${closedAt})`

const GRANT_COLUMNS = 'resource_id, sealed_code, code_digest, expires_at, state, wake_at'
const grant = (code: string, state: string, wakeAt: string) =>
  `insert into oauth_grants (${GRANT_COLUMNS}) values (ID, ${code}, ${DIGEST}, now(), '${state}', ${wakeAt})`

describe('the database refuses', () => {
  const table: [string, string[], string][] = [
    ['a second current key', [liveKey(3, 'current')], 'key_versions_one_current'],
    ['a second pending key', [liveKey(3, 'pending'), liveKey(4, 'pending')], 'key_versions_one_pending'],
    [
      'a second pending filler',
      [liveKey(3, 'pending', true), liveKey(4, 'pending', true)],
      'key_versions_one_pending',
    ],
    ['a version number that was used before', [liveKey(1, 'previous')], 'key_versions_pkey'],
    ['a version number of zero', [liveKey(0, 'previous')], 'key_versions_version_check'],
    [
      'a retired key that is not erased',
      [key(`3, 'retired', false, '0a1b2c3d', 'sealed', null, now(), now()`)],
      'key_versions_check',
    ],
    [
      'a retired key whose digest is left',
      [key(`3, 'retired', false, '0a1b2c3d', null, ${DIGEST}, now(), now()`)],
      'key_versions_check1',
    ],
    [
      'a retired key without the time of its end',
      [key(`3, 'retired', false, '0a1b2c3d', null, null, now(), null`)],
      'key_versions_check2',
    ],
    [
      'the retirement of a key by its stage alone',
      [`update key_versions set stage = 'retired'`],
      'key_versions_check',
    ],
    ['the loss of a live key', [`update key_versions set sealed_key = null`], 'key_versions_check'],
    [
      'the loss of the digest of a live key',
      [`update key_versions set digest = null`],
      'key_versions_check1',
    ],
    [
      'a digest that is none',
      [key(`3, 'pending', false, '0a1b2c3d', 'sealed', '\\xabcd', now(), null`)],
      'key_versions_digest_check',
    ],
    [
      'a fingerprint that might be a key',
      [key(`3, 'pending', false, '${'AB'.repeat(32)}', 'sealed', ${DIGEST}, now(), null`)],
      'key_versions_fingerprint_check',
    ],
    ['a stage that does not exist', [liveKey(3, 'next')], 'key_versions_stage_check'],
    [
      'a second unfinished rotation',
      [rotation('scheduled', 'open'), rotation('manual', 'open')],
      'rotations_one_unfinished',
    ],
    [
      'a rotation beside a stuck one',
      [rotation('scheduled', 'stuck'), rotation('manual', 'open')],
      'rotations_one_unfinished',
    ],
    [
      'a second scheduled rotation for the same due date, although the first is done',
      [rotation('scheduled', 'done', 'now()'), rotation('scheduled', 'open')],
      'rotations_once_per_due_date',
    ],
    ['a closed rotation without the time of its end', [rotation('manual', 'done')], 'rotations_check'],
    ['an open rotation that has an end', [rotation('manual', 'open', 'now()')], 'rotations_check'],
    ['a rotation for no known reason', [rotation('whim', 'open')], 'rotations_reason_check'],
    ['the same uuid twice', [`insert into resources select * from resources`], 'resources_pkey'],
    ['a live resource without a data key', [`update resources set wrapped_dek = null`], 'resources_check'],
    [
      'a deprovisioned resource that keeps its data key',
      [`update resources set state = 'deprovisioned', deprovisioned_at = now()`],
      'resources_check',
    ],
    [
      'a deprovisioned resource without the time of its end',
      [`update resources set state = 'deprovisioned', wrapped_dek = null`],
      'resources_check1',
    ],
    [
      'a rotation period of zero',
      [`update resources set rotation_period_seconds = 0`],
      'resources_rotation_period_seconds_check',
    ],
    [
      'a grace period of zero',
      [`update resources set grace_period_seconds = 0`],
      'resources_grace_period_seconds_check',
    ],
    ['a waiting grant without its code', [grant('null', 'waiting', 'now()')], 'oauth_grants_check'],
    ['an exchanged grant that keeps its code', [grant(`'code'`, 'exchanged', 'null')], 'oauth_grants_check'],
    ['a waiting grant that nobody will look at', [grant(`'code'`, 'waiting', 'null')], 'oauth_grants_check1'],
    ['a pause without a reason', [`update schedule set paused_at = now()`], 'schedule_pause'],
    [
      'a second budget of calls to Heroku',
      [`insert into heroku_budget default values`],
      'heroku_budget_pkey',
    ],
    [
      'another budget than the one',
      [`insert into heroku_budget (only_row) values (false)`],
      'heroku_budget_only_row_check',
    ],
    [
      'a key of a resource that does not exist',
      [`update key_versions set resource_id = '${'0'.repeat(8)}-0000-0000-0000-000000000000'`],
      'key_versions_resource_id_fkey',
    ],
  ]

  test.each(table)('%s', async (_what, statements, constraint) => {
    const { run } = await startWithResource()
    const last = statements.at(-1) ?? ''
    for (const statement of statements.slice(0, -1)) await run(statement)
    await expect(run(last)).rejects.toMatchObject({ constraint })
  })
})

describe('the database allows', () => {
  test.each([
    ['a pending key beside a pending filler', [liveKey(3, 'pending'), liveKey(4, 'pending', true)]],
    ['several previous keys', [liveKey(3, 'previous'), liveKey(4, 'previous')]],
    [
      'a key to be retired together with its erasure',
      [`update key_versions set stage = 'retired', sealed_key = null, digest = null, retired_at = now()`],
    ],
    [
      'two rotations by hand at the same moment, one after the other',
      [rotation('manual', 'done', 'now()'), rotation('manual', 'open')],
    ],
    [
      'scheduled rotations for different due dates',
      [rotation('scheduled', 'done', 'now()'), rotation('scheduled', 'open', 'null', '2026-03-17T12:00:00Z')],
    ],
  ])('%s', async (_what, statements) => {
    const { run } = await startWithResource()
    for (const statement of statements) await expect(run(statement)).resolves.toBeUndefined()
  })
})
