import type { Cause, Operation } from '../domain/trouble.ts'
import { bigint, boolean, bytes, integer, moment, orNull, text, uuid, withDefault } from './columns.ts'

/** The tables of what this service is to Heroku: grants, tokens, the budget of calls, and troubles. */
export const HEROKU_TABLES = {
  oauth_grants: {
    resource_id: uuid,
    code_digest: bytes,
    expires_at: moment,
    state: text<'waiting' | 'exchanged' | 'lost'>(),
    sealed_code: orNull(bytes),
    wake_at: orNull(moment),
    claimed_until: orNull(moment),
    fence: withDefault(bigint),
  },
  oauth_tokens: {
    resource_id: uuid,
    sealed_access_token: bytes,
    access_expires_at: moment,
    sealed_refresh_token: orNull(bytes),
    generation: withDefault(integer),
    refreshing_until: orNull(moment),
  },
  heroku_budget: {
    only_row: withDefault(boolean),
    next_call_at: withDefault(moment),
    next_page_call_at: withDefault(moment),
    platform_blocked_until: withDefault(moment),
    identity_blocked_until: withDefault(moment),
  },
  troubles: {
    cause: text<Cause>(),
    verdict_at: orNull(moment),
    failure: text(),
    probe_at: moment,
    token_succeeded_at: orNull(moment),
    read_succeeded_at: orNull(moment),
    write_succeeded_at: orNull(moment),
  },
  trouble_failures: {
    cause: text<Cause>(),
    resource_id: uuid,
    operation: text<Operation>(),
    first_at: moment,
    last_at: moment,
  },
}
