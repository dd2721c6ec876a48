import type { Cause, Operation } from '../domain/trouble.ts'
import { boolean, moment, orNull, text, uuid, withDefault } from './columns.ts'

/** The tables of what all processes know of Heroku together: how much of it may be asked, and what is wrong with it. */
export const HEROKU_TABLES = {
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
