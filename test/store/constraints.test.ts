import { sql } from 'kysely'
import { beforeAll, describe, expect, test } from 'vitest'
import { type Db, openDatabase, type Trx } from '../../src/store/database.ts'
import { takeDatabase } from '../support/database.ts'
import { uuid } from '../support/resource.ts'
import { newGrant, storeResource } from './support/start-store.ts'

/** A database with one resource: version 2 is current, the filler 1 stands in the second place. */
let db: Db
const ID = uuid(1)
beforeAll(async () => {
  const { url, giveBack } = await takeDatabase()
  db = openDatabase({ url, poolSize: 2, onIdleError: () => {} })
  await storeResource(db, 1, { grant: newGrant('code') })
  return async () => {
    await db.destroy()
    await giveBack()
  }
})

/** Runs work in a transaction of which nothing stays. */
async function withoutTrace(work: (trx: Trx) => Promise<void>): Promise<void> {
  const undo = new Error('undone')
  const done = db.transaction().execute(async (trx) => {
    await work(trx)
    throw undo
  })
  await done.catch((error: unknown) => {
    if (error !== undo) throw error
  })
}

const run = (trx: Trx, statement: string) => sql.raw(statement.replaceAll('ID', `'${ID}'`)).execute(trx)

const AT = `'2026-03-03T12:00:00Z'`
const LATER = `'2026-03-17T12:00:00Z'`
const DIGEST = `'\\x${'ab'.repeat(32)}'`
const SHORT = `'\\xabcd'`

const keyset = (changes: string) => `update keysets set ${changes}`
const intent = (reason: string, openedBy = "'{}'") =>
  `reason = '${reason}', due_at = ${AT}, opened_at = ${AT}, opened_by = ${reason === 'scheduled' ? 'null' : openedBy}`
const pending = (version: number) => `pending = ${version}, last_version = ${version}`
const key = (version: number, digest = DIGEST, resource = 'ID') =>
  `insert into sealed_keys (resource_id, version, created_at, digest, sealed)
   values (${resource}, ${version}, ${AT}, ${digest}, '\\x01')`
const happened = (columns: Record<string, string> = {}) => {
  const row = { resource_id: 'ID', seq: '2', at: AT, kind: `'rotated'`, actor: `'worker'`, ...columns }
  return `insert into history (${Object.keys(row)}) values (${Object.values(row)})`
}
const mailAddress = (columns: Record<string, string> = {}) => {
  const row = {
    id: `'ma_0123456789abcdef'`,
    resource_id: 'ID',
    sealed_address: `'\\x01'`,
    created_at: AT,
    confirm_until: LATER,
    ...columns,
  }
  return `insert into mail_addresses (${Object.keys(row)}) values (${Object.values(row)})`
}
const collaborators = (resource = 'ID') => `insert into collaborator_mails (resource_id) values (${resource})`
const subject = (columns: Record<string, string>) => {
  const row = {
    resource_id: 'ID',
    subject: `'person:ada'`,
    who: `'Ada'`,
    first_at: AT,
    last_at: AT,
    ...columns,
  }
  return `insert into access_subjects (${Object.keys(row)}) values (${Object.values(row)})`
}
const network = (columns: Record<string, string>) => {
  const row = {
    resource_id: 'ID',
    subject: `'person:ada'`,
    network: `'::/48'`,
    first_at: AT,
    last_at: AT,
    ...columns,
  }
  return `insert into access_networks (${Object.keys(row)}) values (${Object.values(row)})`
}
const firstLooker = (columns: Record<string, string> = {}) => {
  const row = { resource_id: 'ID', subject: `'person:ada'`, ...columns }
  return `insert into first_lookers (${Object.keys(row)}) values (${Object.values(row)})`
}
const unusual = (columns: Record<string, string>) => {
  const row = {
    resource_id: 'ID',
    reason: `'new-person'`,
    subject: `'person:ada'`,
    at: AT,
    words: `'x'`,
    ...columns,
  }
  return `insert into unusual_accesses (${Object.keys(row)}) values (${Object.values(row)})`
}
const installation = (onlyRow: string) =>
  `insert into installation
     (only_row, database_oid, server_started, heroku_api, heroku_id, addon_id, addon_url, epoch_at, last_seen, written_by)
   values (${onlyRow}, '1', '', 'https://a', 'https://b', 'securekey', 'https://c', ${AT}, ${AT}, 1)`
const webhook = (columns: Record<string, string>) => {
  const row = {
    id: `'wh_0123456789abcdef'`,
    resource_id: 'ID',
    name: `'alerts'`,
    shown_url: `'https://hooks.example.com/'`,
    sealed_webhook: SHORT,
    created_at: AT,
    ...columns,
  }
  return `insert into webhooks (${Object.keys(row)}) values (${Object.values(row)})`
}
const delivery = (columns: Record<string, string>) => {
  const row = {
    id: `'whd_0123456789abcdef'`,
    webhook_id: `'wh_0123456789abcdef'`,
    at: AT,
    cause: `'outbox'`,
    notice: `'{}'`,
    told: 'true',
    ms: '5',
    words: `'answered 200'`,
    ...columns,
  }
  return `insert into webhook_deliveries (${Object.keys(row)}) values (${Object.values(row)})`
}
const session = (columns: Record<string, string>) => {
  const row = {
    id_digest: DIGEST,
    resource_id: 'ID',
    sign_on_digest: DIGEST,
    made_for: `'browser'`,
    verified: 'true',
    created_at: AT,
    last_used_at: AT,
    ends_at: AT,
    kek_id: `'k1'`,
    mac: DIGEST,
    ...columns,
  }
  return `insert into sessions (${Object.keys(row)}) values (${Object.values(row)})`
}
const token = (columns: Record<string, string>) => {
  const row = {
    id: `'0123456789abcdef'`,
    kind: `'api'`,
    resource_id: 'ID',
    digest: DIGEST,
    name: `'ci'`,
    scopes: `'read,keyring'`,
    created_at: AT,
    expires_at: LATER,
    kek_id: `'k1'`,
    mac: DIGEST,
    ...columns,
  }
  return `insert into api_tokens (${Object.keys(row)}) values (${Object.values(row)})`
}
const CLIENT = token({ kind: `'client'`, scopes: `''` })
const client = (columns: Record<string, string>) => {
  const row = { id: `'0123456789abcdef'`, ...columns }
  return `insert into clients (${Object.keys(row)}) values (${Object.values(row)})`
}
const nonce = (length: number) =>
  `insert into used_nonces values ('0123456789abcdef', '${'n'.repeat(length)}', ${AT})`
const checkIn = (columns: Record<string, string>) => {
  const row = { resource_id: 'ID', app: `'a'`, process: `'p'`, kid: `'0123abcd'`, at: AT, ...columns }
  return `insert into check_ins (${Object.keys(row)}) values (${Object.values(row)})`
}
const sighting = (columns: Record<string, string>) => {
  const row = { resource_id: 'ID', kid: `'0123abcd'`, hour: AT, good: '1', bad: '0', ...columns }
  return `insert into key_sightings (${Object.keys(row)}) values (${Object.values(row)})`
}
const makerLook = (resource = 'ID') =>
  `insert into maker_looks (resource_id, wake_at) values (${resource}, ${AT})`
const appOf = (columns: Record<string, string>) => {
  const row = { resource_id: 'ID', app_id: 'ID', name: `'shop'`, seen_at: AT, ...columns }
  return `insert into resource_apps (${Object.keys(row)}) values (${Object.values(row)})`
}
const freezeForAll = (columns: Record<string, string>) => {
  const from = `timestamptz ${AT} - interval '1 day'`
  const row = {
    id: `'f'`,
    from_at: from,
    until_at: AT,
    zone: `'UTC'`,
    reason: `'r'`,
    created_at: AT,
    ...columns,
  }
  return `insert into freezes_for_all (${Object.keys(row)}) values (${Object.values(row)})`
}
const ownKey = (columns: Record<string, string> = {}) => {
  const row = { arn: `'arn:aws:kms:us-east-1:111111111111:key/x'`, since: AT, ...columns }
  return `insert into own_keys (${Object.keys(row)}) values (${Object.values(row)})`
}
const forkCode = (columns: Record<string, string> = {}) => {
  const row = {
    resource_id: 'ID',
    id: `'0123456789abcdef'`,
    created_at: AT,
    expires_at: LATER,
    kek_id: `'k1'`,
    mac: DIGEST,
    ...columns,
  }
  return `insert into fork_codes (${Object.keys(row)}) values (${Object.values(row)})`
}
const link = (columns: Record<string, string> = {}) => {
  const row = {
    resource_id: 'ID',
    region: `'us-east-1'`,
    nlb_arn: `'arn:aws:elasticloadbalancing'`,
    client_token: `'t'`,
    asked_at: AT,
    ...columns,
  }
  return `insert into private_links (${Object.keys(row)}) values (${Object.values(row)})`
}
const linkAccount = (columns: Record<string, string> = {}) => {
  const row = {
    resource_id: 'ID',
    arn: `'arn:aws:iam::111111111111:root'`,
    status: `'Adding'`,
    since: AT,
    ...columns,
  }
  return `insert into private_link_accounts (${Object.keys(row)}) values (${Object.values(row)})`
}
const connection = (columns: Record<string, string> = {}) => {
  const row = {
    resource_id: 'ID',
    endpoint_id: `'vpce-1'`,
    account: `'111111111111'`,
    state: `'pending'`,
    ...columns,
  }
  return `insert into private_link_connections (${Object.keys(row)}) values (${Object.values(row)})`
}
const LIVE = { state: `'available'` }
const cursor = (columns: Record<string, string> = {}) => {
  const row = {
    resource_id: 'ID',
    target: `'log'`,
    channel: `'log'`,
    lane: `'log'`,
    seq: '1',
    wanted_seq: '1',
    ...columns,
  }
  return `insert into notice_cursors (${Object.keys(row)}) values (${Object.values(row)})`
}
const askedOnce = (columns: Record<string, string>) => {
  const row = {
    resource_id: 'ID',
    key_digest: DIGEST,
    request_digest: DIGEST,
    reason: `'manual'`,
    opened_at: AT,
    served_at: AT,
    ...columns,
  }
  return `insert into asked_once (${Object.keys(row)}) values (${Object.values(row)})`
}
const kek = (columns: Record<string, string>) => {
  const row = { id: `'k9'`, check_value: DIGEST, first_used_at: AT, ...columns }
  return `insert into keks (${Object.keys(row)}) values (${Object.values(row)})`
}
const STRANGER = `'${uuid(9)}'`
const tokens = (resource: string) =>
  `insert into oauth_tokens (resource_id, sealed_access_token, access_expires_at) values (${resource}, '\\x01', ${AT})`
const trouble = (cause: string) =>
  `insert into troubles (cause, failure, probe_at) values ('${cause}', 'no', ${AT})`
const troubleFailure = (cause: string, operation = 'read', resource = 'ID') =>
  `insert into trouble_failures values ('${cause}', ${resource}, '${operation}', ${AT}, ${AT})`

describe('the database refuses', () => {
  /** Each row names what is refused, the statements of which the last is, and the constraint that refuses it. */
  const table: [string, string[], string][] = [
    // resources
    ['the same uuid twice', ['insert into resources select * from resources'], 'resources_pkey'],
    [
      'a resource in no known state',
      [`update resources set state = 'sleeping', wrapped_dek = null, kek_id = null`],
      'resources_state_check',
    ],
    ['a live resource without a plan', ['update resources set plan = null'], 'resources_live'],
    [
      'a live resource without a rotation period',
      ['update resources set rotation_period_seconds = null'],
      'resources_live',
    ],
    ['a live resource without a data key', ['update resources set wrapped_dek = null'], 'resources_check'],
    [
      'a live resource of whose data key nobody knows what wrapped it',
      ['update resources set kek_id = null'],
      'resources_check1',
    ],
    [
      'a deprovisioned resource that keeps its data key',
      [`update resources set state = 'deprovisioned', kek_id = null, deprovisioned_at = now()`],
      'resources_check',
    ],
    [
      'a deprovisioned resource that names the wrapper of a data key',
      [`update resources set state = 'deprovisioned', wrapped_dek = null, deprovisioned_at = now()`],
      'resources_check1',
    ],
    [
      'a deprovisioned resource without the time of its end',
      [`update resources set state = 'deprovisioned', wrapped_dek = null, kek_id = null`],
      'resources_check3',
    ],
    ['a live resource with an end', ['update resources set deprovisioned_at = now()'], 'resources_check3'],
    [
      'a former sealing key that is the present one',
      ['update resources set former_kek_id = kek_id'],
      'resources_check2',
    ],
    [
      'a second data key beside one of ours',
      [`update resources set notice_dek = '\\x01', notice_kek_id = 'k1'`],
      'resources_notice_dek',
    ],
    [
      'a data key of a customer’s own key without a second one',
      [`update resources set kek_id = 'arn:aws'`],
      'resources_notice_dek',
    ],
    [
      'a second data key that a customer’s own key wraps',
      [`update resources set kek_id = 'arn:aws', notice_dek = '\\x01', notice_kek_id = 'arn:aws'`],
      'resources_notice_kek_id',
    ],
    [
      'a former sealing key of the second data key that is the present one',
      [
        `update resources set kek_id = 'arn:aws', notice_dek = '\\x01', notice_kek_id = 'k1',
           former_notice_kek_id = 'k1'`,
      ],
      'resources_former_notice_kek_id',
    ],
    [
      'one id of Heroku’s for two resources',
      [
        `update resources set addon_uuid = ID`,
        `insert into resources (id, state, created_at, deprovisioned_at, addon_uuid)
           values (${STRANGER}, 'deprovisioned', ${AT}, ${AT}, ID)`,
      ],
      'resources_addon_uuid',
    ],
    [
      'a rotation period of zero',
      ['update resources set rotation_period_seconds = 0'],
      'resources_rotation_period_seconds_check',
    ],
    [
      'a grace period of zero',
      ['update resources set grace_period_seconds = 0'],
      'resources_grace_period_seconds_check',
    ],

    // keysets: the versions
    [
      'a second row of a resource, and so a second current key, pending key or unfinished rotation',
      ['insert into keysets select * from keysets'],
      'keysets_pkey',
    ],
    [
      'a keyset of a resource that does not exist',
      [
        `insert into keysets select (jsonb_populate_record(keysets, '{"resource_id": "${uuid(9)}"}')).* from keysets`,
      ],
      'keysets_resource_id_fkey',
    ],
    ['one key in both places', [keyset('second = current')], 'keysets_versions'],
    ['a current version of zero', [keyset('current = 0, revoked_to = -1')], 'keysets_versions'],
    ['a second version of zero', [keyset('second = 0, revoked_to = -1')], 'keysets_versions'],
    [
      'a pending key that is older than the current one',
      [keyset(`${intent('manual')}, current = 5, pending = 4, last_version = 5`)],
      'keysets_versions',
    ],
    [
      'the current key as the pending one',
      [keyset(`${intent('manual')}, pending = current`)],
      'keysets_versions',
    ],
    [
      'the key in the second place as the pending one',
      [keyset(`${intent('manual')}, second = 4, pending = 4, last_version = 4`)],
      'keysets_versions',
    ],
    [
      'a pending filler that is older than the current key',
      [keyset('current = 5, pending_filler = 4, last_version = 5')],
      'keysets_versions',
    ],
    [
      'one version as pending key and pending filler',
      [keyset(`${intent('revoke')}, ${pending(3)}, pending_filler = 3`)],
      'keysets_versions',
    ],
    ['a current version beyond the last', [keyset('current = 3')], 'keysets_versions'],
    ['a second version beyond the last', [keyset('second = 3')], 'keysets_versions'],
    ['a pending version beyond the last', [keyset(`${intent('manual')}, pending = 3`)], 'keysets_versions'],
    ['a pending filler beyond the last', [keyset('pending_filler = 3')], 'keysets_versions'],
    ['a next version beyond the last', [keyset('next = 3')], 'keysets_versions'],

    // keysets: the next key
    [
      'a next key that is older than the current one',
      [keyset('current = 3, next = 2, last_version = 3')],
      'keysets_next',
    ],
    [
      'the key in the second place as the next one',
      [keyset('second = 3, next = 3, last_version = 3')],
      'keysets_next',
    ],
    [
      'one version as pending filler and next key',
      [keyset('pending_filler = 3, next = 3, last_version = 3')],
      'keysets_next',
    ],
    [
      'a next key that was made before the pending one',
      [keyset(`${intent('manual')}, pending = 4, next = 3, last_version = 4`)],
      'keysets_next',
    ],
    [
      'an announced key beside a pending one, which should be that',
      [keyset(`${intent('manual')}, pending = 3, next = 4, next_announced = true, last_version = 4`)],
      'keysets_next',
    ],
    ['an announcement of nothing', [keyset('next_announced = true')], 'keysets_next'],
    [
      'a revoked next key',
      [keyset(`${intent('revoke')}, next = 3, last_version = 3, revoked_to = 3`)],
      'keysets_revoked',
    ],
    ['a filler with a grace period', [keyset('second_until = now()')], 'keysets_second'],
    ['an old key without the end of its grace period', [keyset('second_filler = false')], 'keysets_second'],

    // keysets: what was revoked
    [
      'a revoked key that signs, without a revoke under way',
      [keyset('current = 3, second = 4, last_version = 4, revoked_to = 3')],
      'keysets_revoked',
    ],
    [
      'a revoked key in the second place, without a revoke under way',
      [keyset('revoked_to = 1')],
      'keysets_revoked',
    ],
    [
      'a revoked key in use while a rotation for another reason is under way',
      [keyset(`${intent('manual')}, revoked_to = 2`)],
      'keysets_revoked',
    ],
    [
      'a revoked key that is pending',
      [keyset(`${intent('revoke')}, ${pending(3)}, revoked_to = 3`)],
      'keysets_revoked',
    ],
    [
      'a revoked filler that is pending',
      [keyset(`${intent('revoke')}, pending_filler = 3, last_version = 3, revoked_to = 3`)],
      'keysets_revoked',
    ],
    [
      'the revocation of versions that do not exist yet',
      [keyset(`${intent('revoke')}, revoked_to = 3`)],
      'keysets_revoked',
    ],

    // keysets: the rotation under way
    ['a rotation for no known reason', [keyset(intent('whim'))], 'keysets_reason_check'],
    ['half an intent: a reason alone', [keyset(`reason = 'scheduled'`)], 'keysets_rotation'],
    ['half an intent: no due date', [keyset(`reason = 'scheduled', opened_at = ${AT}`)], 'keysets_rotation'],
    ['half an intent: not opened', [keyset(`reason = 'scheduled', due_at = ${AT}`)], 'keysets_rotation'],
    ['half an intent: a due date alone', [keyset(`due_at = ${AT}`)], 'keysets_rotation'],
    ['half an intent: opened for no reason', [keyset(`opened_at = ${AT}`)], 'keysets_rotation'],
    [
      'a rotation by hand of which nobody knows who asked for it',
      [keyset(intent('manual', 'null'))],
      'keysets_rotation',
    ],
    [
      'a scheduled rotation that somebody asked for',
      [keyset(intent('scheduled')), keyset(`opened_by = '{}'`)],
      'keysets_rotation',
    ],
    ['somebody who asked for no rotation', [keyset(`opened_by = '{}'`)], 'keysets_rotation'],
    ['a pending key without a rotation', [keyset(pending(3))], 'keysets_rotation'],
    ['a stuck rotation that is none', [keyset('stuck_since = now()')], 'keysets_rotation'],
    [
      'a second scheduled rotation for the same due date, although the first is done',
      [keyset(`served_due_at = ${AT}`), keyset(intent('scheduled'))],
      'keysets_due_once',
    ],
    [
      'a scheduled rotation for a date before one that was served',
      [keyset(`served_due_at = ${LATER}`), keyset(intent('scheduled'))],
      'keysets_due_once',
    ],
    [
      'a pair that was published for no known reason',
      [keyset(`published_reason = 'whim'`)],
      'keysets_published_reason_check',
    ],
    [
      'things that apps sign and that live for no time',
      [keyset('token_life_seconds = 0')],
      'keysets_token_life_seconds_check',
    ],
    ['a pause without a reason', [keyset('paused_at = now()')], 'keysets_pause'],
    ['the reason of a pause that is none', [keyset(`pause_reason = 'holiday'`)], 'keysets_pause'],

    // sealed_keys
    ['a version number that was used before', [key(1)], 'sealed_keys_pkey'],
    ['a version number of zero', [key(0)], 'sealed_keys_version_check'],
    ['a digest that is none', [key(3, SHORT)], 'sealed_keys_digest_check'],
    ['a key of a resource that does not exist', [key(1, DIGEST, STRANGER)], 'sealed_keys_resource_id_fkey'],
    ['a sealed key without a keyset', ['delete from keysets', key(3)], 'sealed_keys_resource_id_fkey'],

    // history
    ['one number for two rows of the history', [happened({ seq: '1' })], 'history_pkey'],
    ['an actor of no known kind', [happened({ actor: `'ghost'` })], 'history_actor_check'],
    ['a person of whom nothing is known', [happened({ actor: `'person'` })], 'history_person'],
    ['a person behind what a worker did', [happened({ person: `'{}'` })], 'history_person'],
    ['a token of which nothing is known', [happened({ actor: `'token'` })], 'history_token'],
    ['a token behind what a worker did', [happened({ token: `'{}'` })], 'history_token'],
    ['a key without its fingerprint', [happened({ version: '3' })], 'history_key'],
    ['a fingerprint without its key', [happened({ fingerprint: `'0a1b2c3d'` })], 'history_key'],
    [
      'a fingerprint that might be a key',
      [happened({ version: '3', fingerprint: `'${'AB'.repeat(32)}'` })],
      'history_key',
    ],
    ['a filler without its fingerprint', [happened({ filler_version: '3' })], 'history_filler'],
    ['a fingerprint without its filler', [happened({ filler_fingerprint: `'0a1b2c3d'` })], 'history_filler'],
    [
      'a fingerprint of a filler that might be a key',
      [happened({ filler_version: '3', filler_fingerprint: `'${'AB'.repeat(32)}'` })],
      'history_filler',
    ],

    // oauth_grants and oauth_tokens
    [
      'a second grant of a resource',
      ['insert into oauth_grants select * from oauth_grants'],
      'oauth_grants_pkey',
    ],
    [
      'a grant of a resource that does not exist',
      [`update oauth_grants set resource_id = ${STRANGER}`],
      'oauth_grants_resource_id_fkey',
    ],
    [
      'a grant in no known state',
      [`update oauth_grants set state = 'spent', sealed_code = null, wake_at = null`],
      'oauth_grants_state_check',
    ],
    [
      'a waiting grant without its code',
      ['update oauth_grants set sealed_code = null'],
      'oauth_grants_check',
    ],
    [
      'an exchanged grant that keeps its code',
      [`update oauth_grants set state = 'exchanged', wake_at = null`],
      'oauth_grants_check',
    ],
    [
      'a waiting grant that nobody will look at',
      ['update oauth_grants set wake_at = null'],
      'oauth_grants_check1',
    ],
    [
      'an exchanged grant that is looked at',
      [`update oauth_grants set state = 'exchanged', sealed_code = null`],
      'oauth_grants_check1',
    ],
    ['a second pair of tokens of a resource', [tokens('ID'), tokens('ID')], 'oauth_tokens_pkey'],
    ['tokens of a resource that does not exist', [tokens(STRANGER)], 'oauth_tokens_resource_id_fkey'],

    // heroku_budget
    [
      'a second budget of calls to Heroku',
      ['insert into heroku_budget default values'],
      'heroku_budget_pkey',
    ],
    [
      'another budget than the one',
      ['insert into heroku_budget (only_row) values (false)'],
      'heroku_budget_only_row_check',
    ],

    // troubles and trouble_failures
    ['a trouble twice', [trouble('api'), trouble('api')], 'troubles_pkey'],
    ['a trouble of no known cause', [trouble('weather')], 'troubles_cause_check'],
    ['a failure of no trouble', [troubleFailure('api')], 'trouble_failures_cause_fkey'],
    [
      'a failure of a resource that does not exist',
      [trouble('api'), troubleFailure('api', 'read', STRANGER)],
      'trouble_failures_resource_id_fkey',
    ],
    [
      'one failure twice',
      [trouble('api'), troubleFailure('api'), troubleFailure('api')],
      'trouble_failures_pkey',
    ],
    [
      'a failure of no known operation',
      [trouble('api'), troubleFailure('api', 'dance')],
      'trouble_failures_operation_check',
    ],
    // installation
    ['a second installation', [installation('true'), installation('true')], 'installation_pkey'],
    ['another installation than the one', [installation('false')], 'installation_only_row_check'],

    // sessions and used_sign_on_tokens
    ['one sealing key twice', [kek({}), kek({})], 'keks_pkey'],
    ['a check value that is none', [kek({ check_value: SHORT })], 'keks_check_value_check'],
    ['a MAC that is none', [session({ mac: SHORT })], 'sessions_mac_check'],
    ['one session id twice', [session({}), session({})], 'sessions_pkey'],
    ['a session id that is stored as it is', [session({ id_digest: SHORT })], 'sessions_id_digest_check'],
    [
      'a sign-on token that is stored as it is',
      [session({ sign_on_digest: SHORT })],
      'sessions_sign_on_digest_check',
    ],
    ['a session for nobody known', [session({ made_for: `'watch'` })], 'sessions_made_for_check'],
    [
      'a session for a resource that does not exist',
      [session({ resource_id: STRANGER })],
      'sessions_resource_id_fkey',
    ],
    ['a user whom no token covered', [session({ verified: 'false', user_id: `'u'` })], 'sessions_check'],
    [
      'an e-mail address that no token covered',
      [session({ verified: 'false', email: `'a@b.example'` })],
      'sessions_check',
    ],
    // api_tokens
    ['one token id twice', [token({}), token({})], 'api_tokens_pkey'],
    ['a token id of another form', [token({ id: `'0123456789ABCDEF'` })], 'api_tokens_id_check'],
    ['a token that is stored as it is', [token({ digest: SHORT })], 'api_tokens_digest_check'],
    ['a token without a name', [token({ name: `''` })], 'api_tokens_name_check'],
    ['a token of no known kind', [token({ kind: `'cli'` })], 'api_tokens_kind_check'],
    ['a token that may do nothing', [token({ scopes: `''` })], 'api_tokens_of_client'],
    ['a client that may do something', [token({ kind: `'client'` })], 'api_tokens_of_client'],
    ['a scope that there is not', [token({ scopes: `'read,admin'` })], 'api_tokens_scopes_check'],
    ['a token that was never good', [token({ expires_at: AT })], 'api_tokens_check'],
    ['a token under a MAC that is none', [token({ mac: SHORT })], 'api_tokens_mac_check'],
    [
      'a token for a resource that does not exist',
      [token({ resource_id: STRANGER })],
      'api_tokens_resource_id_fkey',
    ],
    // clients and used_nonces
    ['a client without a secret', [client({})], 'clients_id_fkey'],
    ['one client twice', [CLIENT, client({}), client({})], 'clients_pkey'],
    [
      'a kid of a client that is a key',
      [CLIENT, client({ last_kid: `'123456789'` })],
      'clients_last_kid_check',
    ],
    [
      'a version of a client that there is not',
      [CLIENT, client({ newest_version: '0' })],
      'clients_newest_version_check',
    ],
    ['a client that was seen at no time', [CLIENT, client({ seen_version: '1' })], 'clients_seen'],
    ['a nonce of no client', [nonce(22)], 'used_nonces_client_id_fkey'],
    ['one nonce twice', [CLIENT, client({}), nonce(22), nonce(22)], 'used_nonces_pkey'],
    ['a nonce that can be guessed', [CLIENT, client({}), nonce(21)], 'used_nonces_nonce_check'],
    ['a nonce of any length', [CLIENT, client({}), nonce(65)], 'used_nonces_nonce_check'],
    // check_ins, key_sightings and maker_looks
    ['one process twice', [checkIn({}), checkIn({})], 'check_ins_pkey'],
    [
      'a key in place of its id, as it was said',
      [checkIn({ kid: `'${'A'.repeat(64)}'` })],
      'check_ins_kid_check',
    ],
    ['the name of an app of any length', [checkIn({ app: `'${'a'.repeat(65)}'` })], 'check_ins_app_check'],
    [
      'the name of a process of any length',
      [checkIn({ process: `'${'a'.repeat(65)}'` })],
      'check_ins_process_check',
    ],
    [
      'what is said of a resource that does not exist',
      [checkIn({ resource_id: STRANGER })],
      'check_ins_resource_id_fkey',
    ],
    ['one hour of a key twice', [sighting({}), sighting({})], 'key_sightings_pkey'],
    ['a key in place of its id, as it was seen', [sighting({ kid: `'x'` })], 'key_sightings_kid_check'],
    ['fewer than no good signatures', [sighting({ good: '-1' })], 'key_sightings_good_check'],
    ['fewer than no bad signatures', [sighting({ bad: '-1' })], 'key_sightings_bad_check'],
    [
      'what is seen of a resource that does not exist',
      [sighting({ resource_id: STRANGER })],
      'key_sightings_resource_id_fkey',
    ],
    ['two looks at the makers of one resource', [makerLook(), makerLook()], 'maker_looks_pkey'],
    ['a look at a resource that does not exist', [makerLook(STRANGER)], 'maker_looks_resource_id_fkey'],
    // own_keys
    ['one key of a customer twice', [ownKey(), ownKey()], 'own_keys_pkey'],
    ['a key of ours as that of a customer', [ownKey({ arn: `'k1'` })], 'own_keys_arn_check'],
    ['a customer’s key in no known state', [ownKey({ state: `'asleep'` })], 'own_keys_state_check'],
    ['a customer’s key that waits for no moment', [ownKey({ state: `'waiting'` })], 'own_keys_check'],
    ['the deadline of a customer’s key that waits for nothing', [ownKey({ deadline: AT })], 'own_keys_check'],
    [
      'a history that told of an own key what it never is',
      [`update resources set own_key_told = 'waiting'`],
      'resources_own_key_told_check',
    ],
    // fork_codes
    [
      'two fork codes of one resource',
      [forkCode(), forkCode({ id: `'${'f'.repeat(16)}'` })],
      'fork_codes_pkey',
    ],
    [
      'one fork code for two resources',
      [forkCode(), forkCode({ resource_id: STRANGER })],
      'fork_codes_id_key',
    ],
    ['a fork code of another form', [forkCode({ id: `'0123456789ABCDEF'` })], 'fork_codes_id_check'],
    ['a fork code that was never good', [forkCode({ expires_at: AT })], 'fork_codes_check'],
    ['a fork code under a MAC that is none', [forkCode({ mac: SHORT })], 'fork_codes_mac_check'],
    [
      'a fork code of a resource that does not exist',
      [forkCode({ resource_id: STRANGER })],
      'fork_codes_resource_id_fkey',
    ],
    // private_links, private_link_accounts and private_link_connections
    ['two private links of one resource', [link(), link()], 'private_links_pkey'],
    [
      'a private link of a resource that does not exist',
      [link({ resource_id: STRANGER })],
      'private_links_resource_id_fkey',
    ],
    [
      'a private link that is wanted and not',
      [link({ wanted: `'perhaps'`, status: `'Deprovisioning'` })],
      'private_links_wanted_check',
    ],
    ['a private link in no known state', [link({ status: `'Lost'` })], 'private_links_status_check'],
    ['a failed private link without a reason', [link({ status: `'Failed'` })], 'private_links_check'],
    ['the reason of a failure that is none', [link({ failure: `'x'` })], 'private_links_check'],
    [
      'a private link that nobody wants and that stays',
      [link({ wanted: `'absent'` })],
      'private_links_check1',
    ],
    ['an endpoint service without its name', [link({ service_id: `'vpce-svc-1'` })], 'private_links_check2'],
    ['the name of no endpoint service', [link({ service_name: `'x'` })], 'private_links_check2'],
    ['one allowed account twice', [link(), linkAccount(), linkAccount()], 'private_link_accounts_pkey'],
    [
      'an allowed account of any length',
      [link(), linkAccount({ arn: `'${'a'.repeat(121)}'` })],
      'private_link_accounts_arn_check',
    ],
    [
      'an allowed account in no known state',
      [link(), linkAccount({ status: `'Perhaps'` })],
      'private_link_accounts_status_check',
    ],
    ['an allowed account of no link', [linkAccount()], 'private_link_accounts_resource_id_fkey'],
    ['one endpoint of a link twice', [link(), connection(), connection()], 'private_link_connections_pkey'],
    [
      'an endpoint id of any length',
      [link(), connection({ endpoint_id: `'${'v'.repeat(65)}'` })],
      'private_link_connections_endpoint_id_check',
    ],
    [
      'an endpoint of an account by its ARN',
      [link(), connection({ account: `'arn:aws:iam::111111111111:root'` })],
      'private_link_connections_account_check',
    ],
    [
      'one live endpoint for two resources',
      [link(), connection(LIVE), connection({ ...LIVE, resource_id: STRANGER })],
      'private_link_connections_endpoint_id',
    ],
    ['an endpoint of no link', [connection()], 'private_link_connections_resource_id_fkey'],
    // mail_addresses, mail_asked and collaborator_mails
    ['one mail address twice', [mailAddress(), mailAddress()], 'mail_addresses_pkey'],
    ['a mail address by any other id', [mailAddress({ id: `'ann@example.com'` })], 'mail_addresses_id_check'],
    [
      'a mail address that is confirmed and waits to be',
      [mailAddress({ confirmed_at: AT })],
      'mail_addresses_confirmed',
    ],
    ['a refused mail address without a reason', [mailAddress({ failed_at: AT })], 'mail_addresses_failed'],
    [
      'a mail address of a resource that does not exist',
      [mailAddress({ resource_id: STRANGER })],
      'mail_addresses_resource_id_fkey',
    ],
    [
      'a mailbox in place of its digest',
      [`insert into mail_asked values ('\\xabcd', ID, ${AT})`],
      'mail_asked_mailbox_digest_check',
    ],
    [
      'what collaborators were told last, twice',
      [collaborators(), collaborators()],
      'collaborator_mails_pkey',
    ],
    [
      'what collaborators of a resource that does not exist were told',
      [collaborators(STRANGER)],
      'collaborator_mails_resource_id_fkey',
    ],
    // access_subjects, access_networks, first_lookers and unusual_accesses
    ['one person twice', [subject({}), subject({})], 'access_subjects_pkey'],
    [
      'a person of any length',
      [subject({ subject: `'${'a'.repeat(401)}'` })],
      'access_subjects_subject_check',
    ],
    ['fewer than no days of use', [subject({ settled_days: '-1' })], 'access_subjects_settled_days_check'],
    [
      'who uses a resource that does not exist',
      [subject({ resource_id: STRANGER })],
      'access_subjects_resource_id_fkey',
    ],
    ['one network of a person twice', [subject({}), network({}), network({})], 'access_networks_pkey'],
    [
      'a network of any length',
      [subject({}), network({ network: `'${'a'.repeat(65)}'` })],
      'access_networks_network_check',
    ],
    ['a network of nobody', [network({})], 'access_networks_resource_id_subject_fkey'],
    ['two who were the first', [firstLooker(), firstLooker()], 'first_lookers_pkey'],
    ['nobody as the first', [firstLooker({ subject: `''` })], 'first_lookers_subject_check'],
    [
      'the first of a resource that does not exist',
      [firstLooker({ resource_id: STRANGER })],
      'first_lookers_resource_id_fkey',
    ],
    ['the same told twice', [unusual({}), unusual({})], 'unusual_accesses_pkey'],
    ['what is told of nobody', [unusual({ subject: `''` })], 'unusual_accesses_subject_check'],
    [
      'what is told of a resource that does not exist',
      [unusual({ resource_id: STRANGER })],
      'unusual_accesses_resource_id_fkey',
    ],
    // webhooks and webhook_deliveries
    ['a webhook twice', [webhook({}), webhook({})], 'webhooks_pkey'],
    ['a webhook of any id', [webhook({ id: `'1'` })], 'webhooks_id_check'],
    ['a webhook without a name', [webhook({ name: `''` })], 'webhooks_name_check'],
    [
      'a webhook of a resource that does not exist',
      [webhook({ resource_id: STRANGER })],
      'webhooks_resource_id_fkey',
    ],
    ['a delivery twice', [webhook({}), delivery({}), delivery({})], 'webhook_deliveries_pkey'],
    ['a delivery of any id', [webhook({}), delivery({ id: `'1'` })], 'webhook_deliveries_id_check'],
    [
      'a delivery for no cause',
      [webhook({}), delivery({ cause: `'whim'` })],
      'webhook_deliveries_cause_check',
    ],
    [
      'words about a delivery of any length',
      [webhook({}), delivery({ words: `'${'a'.repeat(201)}'` })],
      'webhook_deliveries_words_check',
    ],
    ['a delivery to no webhook', [delivery({})], 'webhook_deliveries_webhook_id_fkey'],
    // resource_apps
    ['one app of a resource twice', [appOf({}), appOf({})], 'resource_apps_pkey'],
    [
      'the name of an app of any length there',
      [appOf({ name: `'${'a'.repeat(65)}'` })],
      'resource_apps_name_check',
    ],
    [
      'an app of a resource that does not exist',
      [appOf({ resource_id: STRANGER })],
      'resource_apps_resource_id_fkey',
    ],
    // freezes_for_all
    ['two freezes for all of one id', [freezeForAll({}), freezeForAll({})], 'freezes_for_all_pkey'],
    ['a freeze for all that ends as it begins', [freezeForAll({ from_at: AT })], 'freezes_for_all_check'],
    // notice_cursors
    ['one target of a resource twice', [cursor(), cursor()], 'notice_cursors_pkey'],
    [
      'a mail address in place of the id of a target',
      [cursor({ target: `'ann@example.com'` })],
      'notice_cursors_target_check',
    ],
    ['a channel that there is not', [cursor({ channel: `'pigeon'` })], 'notice_cursors_channel_check'],
    ['a target of no lane', [cursor({ lane: `''` })], 'notice_cursors_lane_check'],
    [
      'failed attempts of which nobody knows since when',
      [cursor({ attempts: '1' })],
      'notice_cursors_failing',
    ],
    [
      'a target that fails without a failed attempt',
      [cursor({ failing_since: AT })],
      'notice_cursors_failing',
    ],
    [
      'something given up of which nobody knows when',
      [cursor({ given_up_seq: '1' })],
      'notice_cursors_given_up',
    ],
    [
      'a target of a resource that does not exist',
      [cursor({ resource_id: STRANGER })],
      'notice_cursors_resource_id_fkey',
    ],
    // asked_once
    ['one request served twice', [askedOnce({}), askedOnce({})], 'asked_once_pkey'],
    ['a key of a request as it is', [askedOnce({ key_digest: SHORT })], 'asked_once_key_digest_check'],
    ['a request as it is', [askedOnce({ request_digest: SHORT })], 'asked_once_request_digest_check'],
    ['a request served for no reason', [askedOnce({ reason: `'whim'` })], 'asked_once_reason_check'],
    [
      'a request to a resource that does not exist',
      [askedOnce({ resource_id: STRANGER })],
      'asked_once_resource_id_fkey',
    ],
    [
      'one sign-on token twice',
      [1, 2].map(() => `insert into used_sign_on_tokens values (${DIGEST}, ${AT})`),
      'used_sign_on_tokens_pkey',
    ],
    [
      'a used sign-on token that is stored as it is',
      [`insert into used_sign_on_tokens values (${SHORT}, ${AT})`],
      'used_sign_on_tokens_digest_check',
    ],
  ]

  test.each(table)('%s', async (_what, statements, constraint) => {
    await withoutTrace(async (trx) => {
      for (const statement of statements.slice(0, -1)) await run(trx, statement)
      await expect(run(trx, statements.at(-1) ?? '')).rejects.toMatchObject({ constraint })
    })
  })

  const triggers: [string, string, string][] = [
    ['the change of a history row', `update history set kind = 'rotated'`, 'history'],
    ['the loss of a history row', 'delete from history', 'history'],
    ['the loss of the whole history', 'truncate history', 'history'],
    ['a change of history, even of none of its rows', 'delete from history where false', 'history'],
    ['the change of a sealed key', `update sealed_keys set sealed = '\\x02'`, 'sealed_keys'],
    ['the loss of a live key by an update', 'update sealed_keys set sealed = null', 'sealed_keys'],
    ['another number for a sealed key', 'update sealed_keys set version = version + 10', 'sealed_keys'],
  ]

  test.each(triggers)('%s', async (_what, statement, refusedBy) => {
    await withoutTrace(async (trx) => {
      await expect(run(trx, statement)).rejects.toThrow(
        new RegExp(`of ${refusedBy} is refused: its rows never change`),
      )
    })
  })

  test('nothing by a constraint or a trigger that no row of these tables shows', async () => {
    const { rows: constraints } = await sql<{ name: string }>`
      select conname as name from pg_constraint
       where connamespace = 'public'::regnamespace and contype <> 'n' and not starts_with(conname, 'kysely')
      union select indexrelid::regclass::text from pg_index join pg_class on pg_class.oid = indexrelid
       where relnamespace = 'public'::regnamespace and indisunique and not starts_with(relname, 'kysely')
    `.execute(db)
    const shown = new Set(table.map(([, , constraint]) => constraint))
    expect(constraints.map(({ name }) => name).toSorted()).toEqual([...shown].toSorted())

    const { rows: onTables } = await sql<{ name: string }>`
      select tgrelid::regclass::text as name from pg_trigger where not tgisinternal`.execute(db)
    expect(onTables.map(({ name }) => name).toSorted()).toEqual(
      [...new Set(triggers.map(([, , name]) => name))].toSorted(),
    )
  })
})

describe('the database allows', () => {
  test.each<[string, string[]]>([
    [
      'a pending key beside a pending filler',
      [keyset(`${intent('manual')}, pending = 3, pending_filler = 4, last_version = 4`)],
    ],
    ['a pending filler without a rotation', [keyset('pending_filler = 3, last_version = 3')]],
    [
      'several previous keys',
      [key(3), key(4), keyset(`older = '[{"version": 3, "until": "2026-03-03T12:00:00.000Z"}]'`)],
    ],
    ['a key to be erased', ['delete from sealed_keys where version = 1']],
    [
      'two rotations by hand at the same moment, one after the other',
      [
        keyset(intent('manual')),
        keyset('reason = null, due_at = null, opened_at = null, opened_by = null'),
        keyset(intent('manual')),
      ],
    ],
    [
      'a rotation by hand at a due date that was served',
      [keyset(`served_due_at = ${AT}`), keyset(intent('manual'))],
    ],
    [
      'scheduled rotations for different due dates',
      [
        keyset(intent('scheduled')),
        keyset(`reason = null, due_at = null, opened_at = null, served_due_at = ${AT}`),
        keyset(`reason = 'scheduled', due_at = ${LATER}, opened_at = ${LATER}`),
      ],
    ],
    [
      'a revoke under way: the revoked keys are in use until it takes them out',
      [
        keyset(`${intent('revoke')}, revoked_to = 2`),
        keyset('pending = 3, pending_filler = 4, last_version = 4'),
        keyset(
          'current = 3, second = 4, pending = null, pending_filler = null, ' +
            'reason = null, due_at = null, opened_at = null, opened_by = null',
        ),
      ],
    ],
    ['a stuck rotation', [keyset(`${intent('scheduled')}, stuck_since = now()`)]],
  ])('%s', async (_what, statements) => {
    await withoutTrace(async (trx) => {
      for (const statement of statements) await run(trx, statement)
    })
  })

  test('a keyset to be erased, and its sealed keys go with it', async () => {
    await withoutTrace(async (trx) => {
      await run(trx, 'delete from keysets')
      expect(await trx.selectFrom('sealed_keys').selectAll().execute()).toEqual([])
    })
  })
})
