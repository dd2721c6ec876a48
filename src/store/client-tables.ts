import { integer, moment, orNull, text } from './columns.ts'

/** The tables of enrolled clients, beside their secrets in `api_tokens`. */
export const CLIENT_TABLES = {
  clients: {
    id: text(),
    newest_version: orNull(integer),
    last_kid: orNull(text()),
    seen_version: orNull(integer),
    seen_at: orNull(moment),
    alarm_at: orNull(moment),
  },
  used_nonces: {
    client_id: text(),
    nonce: text(),
    until: moment,
  },
}
