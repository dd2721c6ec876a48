import type { OwnKeyState } from '../domain/own-key-watch.ts'
import { bigint, boolean, moment, orNull, text, withDefault } from './columns.ts'

/** The table of customers' own keys. */
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
}
