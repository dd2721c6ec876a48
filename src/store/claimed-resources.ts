import { sql } from 'kysely'
import { FRESH_MINUTES } from '../domain/check-in.ts'
import type { GracePeriod } from '../domain/grace.ts'
import type { HerokuAddress } from '../domain/heroku-address.ts'
import type { WrappedDek } from '../domain/wrapped-dek.ts'
import { CLAIMED_AT, type ClaimRequest, claimDueRows } from './claims.ts'
import { boolean, json, moment } from './columns.ts'
import type { Db } from './database.ts'
import { dekOf, ownKeyOf } from './dek-row.ts'
import { FREEZES_FOR_ALL } from './freezes-for-all.ts'
import { ask, askAll, askForValue, askIfThere, runPrepared } from './group-statement.ts'
import { gracePeriodOf, msOf } from './intervals.ts'
import type { StoredState } from './keysets.ts'
import { type AccessToken, accessTokenOf } from './oauth-tokens.ts'
import { APPS_ASKED, JOINED_APPS } from './resource-apps.ts'
import { type StoredFreeze, TABLES } from './schema.ts'
import { STATE, stateOf } from './state-row.ts'

/** Everything that most steps need of a claimed resource. Secrets in it are sealed. */
export type ClaimedResource = StoredState & {
  name: string | null
  address: HerokuAddress
  grace: GracePeriod
  periodMs: number
  /** Heroku answered 404 or 410 for it, and has not answered for it since. */
  missing: boolean
  dek: WrappedDek
  /** The sealed key that signs. Null only if it is not stored, which breaks this resource alone. */
  sealedCurrent: Buffer | null
  token: AccessToken | null
  /** There is no token, but the grant code is still to be exchanged. */
  grantWaiting: boolean
  /** The history has rows that this row does not know of: an older row was put back. */
  behind: boolean
  /** Processes have said of late which key they sign with. */
  checkedIn: boolean
  /** Its apps are known, and whether another add-on is on one of them. */
  appsKnown: boolean
  sharesApps: boolean
}

const { keysets, resources, sealed_keys, oauth_tokens, own_keys } = TABLES

const ASKED = {
  ...askAll(keysets, 'k', ['resource_id', 'fence', 'revision']),
  ...askAll(STATE, 'k'),
  ...askAll(resources, 'r', [
    'name',
    'grace_period_seconds',
    'missing_since',
    'addon_uuid',
    'callback_path',
    'created_at',
  ]),
  // Live, so they are there.
  rotation_period_seconds: askForValue(resources.rotation_period_seconds, 'r.rotation_period_seconds'),
  kek_id: askForValue(resources.kek_id, 'r.kek_id'),
  wrapped_dek: askForValue(resources.wrapped_dek, 'r.wrapped_dek'),
  own_key_state: askIfThere(own_keys.state, ownKeyOf('r.kek_id')),
  sealed: askIfThere(sealed_keys.sealed, 's.sealed'),
  sealed_access_token: askIfThere(oauth_tokens.sealed_access_token, 't.sealed_access_token'),
  access_expires_at: askIfThere(oauth_tokens.access_expires_at, 't.access_expires_at'),
  generation: askIfThere(oauth_tokens.generation, 't.generation'),
  grant_waiting: ask(
    boolean,
    `case when t.resource_id is null then exists (
       select from oauth_grants g where g.resource_id = k.resource_id and g.state = 'waiting'
     ) else false end`,
  ),
  behind: ask(
    boolean,
    'exists (select from history h where h.resource_id = k.resource_id and h.seq > k.last_seq)',
  ),
  freezes_for_all: ask(json<StoredFreeze[]>(), FREEZES_FOR_ALL),
  checked_in: ask(
    boolean,
    `exists (select from check_ins c where c.resource_id = k.resource_id
        and c.at > ${CLAIMED_AT} - interval '${FRESH_MINUTES} minutes')`,
  ),
  ...APPS_ASKED,
  last_due_at: askIfThere(moment, '(select max(wake_at) from due)'),
  claimed_at: ask(moment, CLAIMED_AT),
}

type Row = Awaited<ReturnType<typeof claimRows>>[number]

/** What a claim brought; the moments are there when it brought anything. */
export type ClaimedResources = {
  resources: ClaimedResource[]
  lastDueAt: Date | undefined
  claimedAt: Date | undefined
}

/**
 * Claims up to `limit` resources whose `wake_at` has come and reads what a worker needs of them. `lastDueAt`: when the
 * last of them had come due; `createGroupClaims` says why. `claimedAt`: the present, by the clock of the database.
 */
export async function claimResources(db: Db, request: ClaimRequest): Promise<ClaimedResources> {
  const rows = await claimRows(db, request)
  const [first] = rows
  return {
    resources: rows.map(claimedResource),
    lastDueAt: first?.last_due_at ?? undefined,
    claimedAt: first?.claimed_at,
  }
}

async function claimRows(db: Db, request: ClaimRequest) {
  return await runPrepared(
    db,
    'claim-resources',
    ASKED,
    (list) => sql`
    ${claimDueRows('keysets', request)}
    select ${list}
      from claimed k
      join resources r on r.id = k.resource_id
      left join sealed_keys s on s.resource_id = k.resource_id and s.version = k.current
      left join oauth_tokens t on t.resource_id = k.resource_id
      ${sql.raw(JOINED_APPS)}`,
  )
}

function claimedResource(row: Row): ClaimedResource {
  return {
    resourceId: row.resource_id,
    fence: row.fence,
    revision: row.revision,
    state: stateOf(row, row.freezes_for_all),
    name: row.name,
    address: { addonUuid: row.addon_uuid, callbackPath: row.callback_path, since: row.created_at },
    grace: gracePeriodOf(row.grace_period_seconds),
    periodMs: msOf(row.rotation_period_seconds),
    missing: row.missing_since !== null,
    dek: dekOf(row.kek_id, row.wrapped_dek, row.own_key_state),
    sealedCurrent: row.sealed,
    token: accessTokenOf(row),
    grantWaiting: row.grant_waiting,
    behind: row.behind,
    checkedIn: row.checked_in,
    appsKnown: row.apps_known,
    sharesApps: row.shares_apps,
  }
}
