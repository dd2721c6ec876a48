import type { OwnKeyState } from '../domain/own-key-watch.ts'
import { bigint, boolean, bytes, moment, orNull, text, uuid, withDefault } from './columns.ts'

/** The tables of customers' own keys, and of codes by which an add-on with one takes over the keys of another. */
export const OWN_KEY_TABLES = {
  own_keys: {
    arn: text(),
    state: withDefault(text<OwnKeyState>()),
    since: moment,
    deadline: orNull(moment),
    signal_at: orNull(moment),
    looked_at: orNull(moment),
    is_deleting: withDefault(boolean),
    said: orNull(text()),
    refused_at: orNull(moment),
    usable_at: orNull(moment),
    wake_at: orNull(moment),
    claimed_until: orNull(moment),
    fence: withDefault(bigint),
  },
  fork_codes: {
    resource_id: uuid,
    id: text(),
    created_at: moment,
    expires_at: moment,
    kek_id: text(),
    mac: bytes,
  },
}
